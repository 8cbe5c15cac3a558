"""Routers of own code that take their parents, or the values of a setting -> routers without that setting."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from messaging_assets.conversion.own_code.classes import OwnClass, calls, constant, is_of_base, name_of
from messaging_assets.conversion.own_code.code_texts import assigned, setting_of


def as_router(own: OwnClass, component: Mapping[str, Any]) -> dict[str, Any] | None:
    """The router that a class is where none of its settings is given; None where its code does something else."""
    method = own.methods.get("stream_slices")
    if own.base != "SubstreamPartitionRouter" or not own.methods.keys() <= {"stream_slices", "set_initial_state"}:
        return None
    if method is None:
        told = f"its code ({own.name}) decides which of its parent's records are new; here only_changed_parents does"
        return {**component, "type": "SubstreamPartitionRouter", "$notes": [("question", told)]}
    reading = _Reading(method, component)
    found = reading.router()
    if found is None or not reading.settings:
        return found
    told = (
        f"its code ({own.name}) reads it for the values of '{', '.join(reading.settings)}' where that is given; here "
        "it is read as if it were not, see for_each"
    )
    return {**found, "$notes": [("question", told)]}


class _Reading:
    """What a router's function does where no setting is given.

    Args:
        method: the function.
        component: what the manifest has of the router.

    Attributes:
        settings: names of the settings that it looks at.
    """

    def __init__(self, method: ast.FunctionDef, component: Mapping[str, Any]) -> None:
        self._method, self._component = method, component
        self.settings: list[str] = []
        configs = component.get("parent_stream_configs")
        self._parents = [one for one in configs if isinstance(one, Mapping)] if isinstance(configs, list) else []
        self._steps = list(self._taken(method.body))

    def router(self) -> dict[str, Any] | None:
        """The router; None where the function does something that is not known here."""
        if any(isinstance(one, (ast.If, ast.While, ast.Try, ast.With)) for one in self._steps):
            return None
        yielded = [one.value for one in self._steps if isinstance(one, ast.Expr)]
        made = [one.value for one in yielded if isinstance(one, (ast.Yield, ast.YieldFrom))]
        lists = [one.elts if isinstance(one, ast.List) else [one] for one in made]
        several = [one for each in lists for one in each if one is not None]
        if len(several) != 1:
            return None
        if is_of_base(several[0], "stream_slices"):
            return {**self._component, "type": "SubstreamPartitionRouter"}
        words = {one.arg: one.value for one in several[0].keywords} if isinstance(several[0], ast.Call) else {}
        partition = words.get("partition")
        if name_of(several[0]) != "StreamSlice" or not isinstance(partition, ast.Dict) or len(partition.keys) > 1:
            return None
        if not partition.keys:
            return {"type": "SinglePartitionRouter"}
        return self._of_parents(constant(partition.keys[0]), partition.values[0])

    def _of_parents(self, field: str | None, value: ast.expr) -> dict[str, Any] | None:
        """The parents whose records a value is taken from, or a list in each of their records."""
        if isinstance(value, ast.Call) and name_of(value) == "replace" and isinstance(value.func, ast.Attribute):
            # A key in a path is encoded anyway.
            is_encoding = [constant(one) for one in value.args] == ["/", "%2F"]
            value = value.func.value if is_encoding else value
        key, record, inside = _step(value), _owner(value), ""
        if isinstance(value, ast.Name) and (held := self._collected(value.id)):
            key, record, inside = held
        if not field or not key or not record or not (parents := self._read_into(record)):
            return None
        configs = [{**one, "partition_field": field, "parent_key": key} for one in parents]
        found = [_within(one, inside) for one in configs] if inside else configs
        return None if None in found else {"type": "SubstreamPartitionRouter", "parent_stream_configs": found}

    def _collected(self, name: str) -> tuple[str, str, str] | None:
        """Of values that were collected before: the field of each, the record, and the list in the record."""
        held = next((name_of(one.iter) for one in self._loops if name_of(one.target) == name), "")
        for call in calls(self._method, "extend"):
            of = call.func.value if isinstance(call.func, ast.Attribute) else None
            made = call.args[0] if call.args else None
            if name_of(of) != held or not isinstance(made, ast.ListComp) or len(made.generators) != 1:
                continue
            each = made.generators[0]
            field, list_ = _step(made.elt), _step(each.iter)
            if field and list_ and _owner(made.elt) == name_of(each.target) and not each.ifs:
                return field, _owner(each.iter), list_
        return None

    @property
    def _loops(self) -> list[ast.For]:
        return [one for one in self._steps if isinstance(one, ast.For)]

    def _read_into(self, record: str) -> list[Mapping[str, Any]]:
        """The parents whose records a loop goes through under a name."""
        for one in self._loops:
            if name_of(one.target) == record and name_of(one.iter) == "read_records":
                of = (
                    one.iter.func.value
                    if isinstance(one.iter, ast.Call) and isinstance(one.iter.func, ast.Attribute)
                    else None
                )
                return self._parents_in(assigned(self._method, of.id) if isinstance(of, ast.Name) else of)
        return []

    def _parents_in(self, node: ast.AST | None) -> list[Mapping[str, Any]]:
        if isinstance(node, ast.IfExp) and (is_true := self._truth(node.test)) is not None:
            node = node.body if is_true else node.orelse
        if isinstance(node, ast.Attribute) and node.attr == "stream":
            of = node.value
            is_first = isinstance(of, ast.Subscript) and isinstance(of.slice, ast.Constant) and of.slice.value == 0
            return self._parents[:1] if is_first else self._parents if isinstance(of, ast.Name) else []
        name = _step(node)
        return [one for one in self._parents if name and _name_of_stream(one) == name]

    def _taken(self, statements: list[ast.stmt]) -> Iterator[ast.stmt]:
        """What is carried out where no setting is given, one behind the other; a choice by anything else stays one."""
        for one in statements:
            is_true = self._truth(one.test) if isinstance(one, ast.If) else None
            if isinstance(one, ast.If) and is_true is not None:
                yield from self._taken(one.body if is_true else one.orelse)
                continue
            yield one
            if isinstance(one, ast.For):
                yield from self._taken(one.body)

    def _truth(self, test: ast.expr) -> bool | None:
        """Whether a condition holds where no setting is given; None where nobody knows."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            found = self._truth(test.operand)
            return None if found is None else not found
        if isinstance(test, ast.BoolOp):
            parts = [self._truth(one) for one in test.values]
            wins = isinstance(test.op, ast.Or)
            return wins if wins in parts else None if None in parts else not wins
        value = assigned(self._method, test.id) if isinstance(test, ast.Name) else test
        if name := self._setting(value):
            self.settings += [name] if name not in self.settings else []
            return False
        # What was collected of parents is there; without parents there is nothing to read either.
        return True if isinstance(value, ast.List) and not value.elts else None

    def _setting(self, node: ast.AST | None) -> str:
        """The setting that an expression takes; its name may itself be a parameter of the manifest."""
        if path := setting_of(node):
            return ".".join(path)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "get"
            and node.args
        ):
            named = node.args[0]
            held = assigned(self._method, named.id) if isinstance(named, ast.Name) else named
            step = constant(held.args[0]) if isinstance(held, ast.Call) and held.args else None
            is_parameter = step and name_of(node.func.value) == "config" and "parameters" in ast.unparse(held or named)
            found = (self._component.get("$parameters") or {}).get(step) if is_parameter else None
            return found if isinstance(found, str) else ""
        return ""


def _step(node: ast.AST | None) -> str | None:
    """The field of `record["field"]`."""
    return constant(node.slice) if isinstance(node, ast.Subscript) else None


def _owner(node: ast.AST) -> str:
    """The name of what a field is taken from."""
    return node.value.id if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) else ""


def _name_of_stream(config: Mapping[str, Any]) -> str:
    stream = config.get("stream")
    return (
        str(stream.get("name") or (stream.get("$parameters") or {}).get("name")) if isinstance(stream, Mapping) else ""
    )


def _within(config: Mapping[str, Any], inside: str) -> dict[str, Any] | None:
    """A parent whose records are the elements of a list in its answer, which is one object; None for any other."""
    stream = config["stream"]
    selector = stream["retriever"].get("record_selector") or {}
    extractor = selector.get("extractor") or {}
    if extractor.get("field_path") != [] or "class_name" in extractor or selector.get("record_filter"):
        return None
    selected = {**selector, "extractor": {**extractor, "field_path": [inside]}}
    retriever = {**stream["retriever"], "record_selector": selected}
    own: dict[str, Any] = {"retriever": retriever, "transformations": [], "primary_key": None, "incremental_sync": None}
    return {**config, "stream": {**stream, **own}}
