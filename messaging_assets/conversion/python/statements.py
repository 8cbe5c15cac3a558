"""Statements of a Python file, followed in their order as far as its text tells what they do."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, cast

from messaging_assets.conversion.python.changes import CHANGING, doubt_changes
from messaging_assets.conversion.python.expressions import called, read
from messaging_assets.conversion.python.values import Code, NotKnown, ReadDict, ReadList, Values
from messaging_assets.conversion.texts import Hole
from messaging_assets.description.ways.secret_signs import names_secret

_WRONG = (NotKnown, LookupError, TypeError, ValueError, AttributeError)
_DEEPEST = 5


class _Returned(Exception):
    """A function of the file is over; its only argument is what it returns."""


class _Left(Exception):
    """A round of a loop is over; its only argument is whether the loop is."""


class Statements:
    """The statements of a module or a function.

    Args:
        readers: names of the functions that take a config.
        names: what stands already.
        depth: how many functions of the file are open.
    """

    def __init__(self, readers: Collection[str], names: dict[str, Any] | None = None, depth: int = 0) -> None:
        self._readers, self._depth = readers, depth
        self.values = Values({} if names is None else names, read, self._returned)
        # What the readers get, and what is given a name.
        self.passed, self.made = list[Any](), list[Any]()
        # How many choices are open that only a run makes, and whether one of them may have been the end.
        self.unsure, self.may_be_over = 0, False
        # Whether one of them may have ended a round of a loop.
        self.may_be_left = False

    def run(self, body: Sequence[ast.stmt]) -> None:
        """Follow statements; what only a run would tell of what they change is a doubt of that."""
        for place, one in enumerate(body):
            try:
                self._look_for_readers(one)
                _WAYS.get(type(one), _doubt)(self, one)
                if isinstance(value := getattr(one, "value", None), ast.AST):
                    doubt_changes(self.values, value, but=value if isinstance(one, ast.Expr) else None)
            except _WRONG:
                _doubt(self, one)
            if self.may_be_left and not self.unsure:
                self.perhaps(body[place + 1 :])
                return

    def inside(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Statements:
        """The statements of a function, called by somebody."""
        inner = self.inner(copy.deepcopy(self.values.names))
        _give(inner.values, function, {})
        try:
            inner.run(function.body)
        except _Returned as returned:
            inner.made.append(returned.args[0])
        return inner

    def inner(self, names: dict[str, Any]) -> Statements:
        """A scope in this one, in which nothing is followed yet."""
        inner = Statements(self._readers, names, self._depth + 1)
        inner.values.several |= self.values.several
        return inner

    def perhaps(self, body: Sequence[ast.stmt]) -> None:
        """Follow statements of which only a run would tell whether they are."""
        self.unsure += 1
        self.run(body)
        self.unsure -= 1

    def rounds(self, node: ast.For | ast.While, several: Iterable[Any] | None = None) -> None:
        """Follow a loop's body for each of several values; without them only a run would tell how often."""
        before, is_broken = self.may_be_left, False
        for one in several or ():
            self.values.bind(cast(ast.For, node).target, one)
            try:
                self.run(node.body)
            except _Left as left:
                is_broken = left.args[0]
                if is_broken:
                    break
        if several is None:
            self.perhaps(node.body)
        is_sure = several is not None and not self.may_be_left
        self.may_be_left = before
        if not is_broken:
            self.run(node.orelse) if is_sure else self.perhaps(node.orelse)

    def changed(self, node: ast.expr) -> Any:
        """What an expression stands for, to be changed in place.

        Raises:
            NotKnown: only a run would tell.
        """
        holder = self.values.value(node)
        if self.unsure or not isinstance(holder, (ReadDict, ReadList)):
            raise NotKnown
        return holder

    def _look_for_readers(self, node: ast.stmt) -> None:
        for one in ast.walk(node) if isinstance(node, (ast.Assign, ast.AnnAssign, ast.Expr, ast.Return)) else ():
            if isinstance(one, ast.Call) and called(one.func) in self._readers:
                words = [word.value for word in one.keywords if word.arg == "config"]
                # What is changed behind the call is none of it.
                self.passed += [copy.deepcopy(self.values.value(given)) for given in [*one.args[:1], *words]]

    def _returned(self, function: ast.FunctionDef, node: ast.Call, values: Values) -> Any:
        """What a function of the file returns."""
        is_one_value = not any(isinstance(one, (ast.Yield, ast.YieldFrom)) for one in ast.walk(function))
        if self._depth >= _DEEPEST or function.decorator_list or not is_one_value:
            raise NotKnown
        inner = self.inner(dict(self.values.names))
        _give(inner.values, function, _given(function, node, values))
        try:
            inner.run(function.body)
        except _Returned as returned:
            if not inner.may_be_over:
                return returned.args[0]
        if inner.may_be_over:
            raise NotKnown
        return None


def _given(function: ast.FunctionDef, node: ast.Call, values: Values) -> dict[str, Any]:
    """What a call gives a function, by name."""
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    given = {name: values.value(one) for name, one in zip(names, node.args, strict=False)}
    taken = {*names, *(one.arg for one in function.args.kwonlyargs)}
    rest = ReadDict(node.lineno)
    for word in node.keywords:
        if word.arg is None:
            raise NotKnown
        (given if word.arg in taken else rest)[word.arg] = values.value(word.value)
    return {**given, **({function.args.kwarg.arg: rest} if function.args.kwarg else {})}


def _give(values: Values, function: ast.FunctionDef | ast.AsyncFunctionDef, given: Mapping[str, Any]) -> None:
    """Let the arguments of a function stand for what a call gives it, else for their defaults."""
    of, every = function.args, [*function.args.posonlyargs, *function.args.args]
    defaults: dict[str, ast.expr | None] = {one.arg: None for one in every}
    defaults |= {one.arg: other for one, other in zip(reversed(every), reversed(of.defaults), strict=False)}
    defaults |= {one.arg: other for one, other in zip(of.kwonlyargs, of.kw_defaults, strict=True)}
    for name, default in defaults.items():
        written = "" if default is None else ast.unparse(default)
        if default is None or written in ("dlt.secrets.value", "dlt.config.value"):
            is_secret = written == "dlt.secrets.value" or names_secret(name)
            values.names[name] = [Hole("secret" if is_secret else "setting", name.lower())]
        else:
            values.names[name] = values.value(default)
    values.names.update(given)


def _import(at: Statements, node: ast.Import | ast.ImportFrom) -> None:
    at.values.names |= {(one.asname or one.name).partition(".")[0]: Code() for one in node.names}


def _assign(at: Statements, node: ast.Assign | ast.AnnAssign) -> None:
    if node.value is not None:
        value = at.values.value(node.value)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            _set(at, target, value, node.value)


def _set(at: Statements, target: ast.expr, value: Any, node: ast.expr) -> None:
    at.made.append(value)
    if isinstance(target, ast.Subscript):
        at.changed(target.value)[at.values.known(target.slice)] = value
    elif isinstance(target, ast.Name):
        at.values.call_it(target.id, value, node, bool(at.unsure))
    elif not isinstance(target, ast.Attribute):
        at.values.bind(target, value)


def _augment(at: Statements, node: ast.AugAssign) -> None:
    is_list = isinstance(at.values.value(node.target), (ReadDict, ReadList))
    if is_list and isinstance(node.op, (ast.Add, ast.BitOr)):
        holder, more = at.changed(node.target), at.values.value(node.value)
        holder.update(more) if isinstance(holder, ReadDict) else holder.extend(more)
    elif isinstance(node.target, ast.Name):
        made = ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value)
        _set(at, node.target, at.values.value(ast.copy_location(ast.fix_missing_locations(made), node)), made)


def _expression(at: Statements, node: ast.Expr) -> None:
    call = node.value
    if not isinstance(call, ast.Call):
        return
    if isinstance(call.func, ast.Attribute) and call.func.attr in CHANGING:
        if isinstance(at.values.value(call.func.value), (ReadDict, ReadList)):
            arguments = [at.values.value(one) for one in call.args]
            # Of a word without a name nobody knows which it brings; no method takes it.
            words = {str(one.arg): at.values.value(one.value) for one in call.keywords}
            if "None" in words:
                raise NotKnown
            getattr(at.changed(call.func.value), call.func.attr)(*arguments, **words)
    elif isinstance(at.values.names.get(called(call.func)), Code):
        # It may fill a list that it is given.
        at.values.value(call)


def _delete(at: Statements, node: ast.Delete) -> None:
    for target in node.targets:
        # A name that is gone is asked for by nobody.
        if isinstance(target, ast.Subscript):
            del at.changed(target.value)[at.values.known(target.slice)]


def _for(at: Statements, node: ast.For) -> None:
    try:
        several = at.values.elements(node.iter)
    except NotKnown:
        names = [one.id for one in ast.walk(node.target) if isinstance(one, ast.Name)]
        at.values.names |= {one: [Hole("unknown", one)] for one in names}
        at.rounds(node)
        return
    at.rounds(node, several)
    if at.values.doubts(node.iter):
        _doubt(at, node)


def _leave(at: Statements, node: ast.Break | ast.Continue) -> None:
    if at.unsure:
        at.may_be_left = True
        return
    raise _Left(isinstance(node, ast.Break))


def _if(at: Statements, node: ast.If) -> None:
    try:
        is_run = ast.unparse(node.test).startswith("__name__") or at.values.known(node.test)
    except NotKnown:
        at.perhaps([*node.body, *node.orelse])
        return
    at.run(node.body if is_run else node.orelse)


def _class(at: Statements, node: ast.ClassDef) -> None:
    inner = at.inner(dict(at.values.names))
    inner.run([one for one in node.body if isinstance(one, (ast.Assign, ast.AnnAssign))])
    own = {name: one for name, one in inner.values.names.items() if name not in at.values.names}
    at.values.names[node.name] = Code(None, own)


def _return(at: Statements, node: ast.Return) -> None:
    if at.unsure:
        at.may_be_over = True
        return
    raise _Returned(None if node.value is None else at.values.value(node.value))


def _doubt(at: Statements, node: ast.stmt) -> None:
    doubt_changes(at.values, node)


_WAYS: Mapping[type[ast.stmt], Callable[[Statements, Any], None]] = {
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Assign: _assign,
    ast.AnnAssign: _assign,
    ast.AugAssign: _augment,
    ast.Expr: _expression,
    ast.For: _for,
    ast.While: lambda at, node: at.rounds(node),
    ast.Break: _leave,
    ast.Continue: _leave,
    ast.Delete: _delete,
    ast.If: _if,
    ast.With: lambda at, node: at.run(node.body),
    ast.Try: lambda at, node: at.run([*node.body, *node.orelse, *node.finalbody]),
    ast.FunctionDef: lambda at, node: at.values.names.update({node.name: Code(node)}),
    ast.AsyncFunctionDef: lambda at, node: at.values.names.update({node.name: Code()}),
    ast.ClassDef: _class,
    ast.Return: _return,
}
