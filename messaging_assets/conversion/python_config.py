"""A rest_api dictionary out of a Python file, read and never run.

What is literal is taken: dictionaries, texts, constants with a name, f-strings of them, and dlt's own classes of
authentication and paging. What only running the file would tell becomes a hole.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.texts import Hole, quoted
from messaging_assets.files.rules.secret_signs import names_secret

_CHANGING = frozenset({"append", "extend", "insert", "update", "setdefault", "pop", "remove"})
_READERS = ("rest_api_source", "rest_api_resources")
# dlt's classes, in small letters -> the `type` of a file, and the names of arguments that are given without one.
_CLASSES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "bearertokenauth": ("bearer", ("token",)),
    "apikeyauth": ("api_key", ("name", "api_key", "location")),
    "httpbasicauth": ("http_basic", ("username", "password")),
    "oauth2clientcredentials": (
        "oauth2_client_credentials",
        ("access_token_url", "client_id", "client_secret", "access_token_request_data", "default_token_expiration"),
    ),
    "oauthjwtauth": (
        "oauth2_jwt_bearer",
        ("client_id", "private_key", "auth_endpoint", "scopes", "headers", "private_key_passphrase"),
    ),
    "offsetpaginator": ("offset", ("limit", "offset", "offset_param", "limit_param", "total_path", "maximum_offset")),
    "pagenumberpaginator": ("page_number", ("base_page", "page", "page_param", "total_path", "maximum_page")),
    "jsonlinkpaginator": ("json_link", ("next_url_path",)),
    "jsonresponsepaginator": ("json_link", ("next_url_path",)),
    "headerlinkpaginator": ("header_link", ("links_next_key",)),
    "jsonresponsecursorpaginator": ("cursor", ("cursor_path", "cursor_param", "cursor_body_path")),
    "headercursorpaginator": ("header_cursor", ("cursor_key", "cursor_param")),
    "singlepagepaginator": ("single_page", ()),
    "incremental": ("incremental", ("cursor_path", "initial_value")),
}
# A start that lies some time before now.
_AGO = re.compile(
    r"(?:pendulum|datetime)\.(?:today|now)\([^()]*\)\.subtract\((year|month|week|day|hour)s=(\d+)\)(?:\.\w+\([^()]*\))?"
)
_UNITS = {"year": "y", "month": "mo", "week": "w", "day": "d", "hour": "h"}


class UnreadableConfig(Exception):
    """A file is of no use here; its text says why, in a sentence."""


def config_in(text: str, name: str) -> tuple[dict[str, Any], list[str]]:
    """The config of a Python file, and a sentence on each other one in it.

    Args:
        text: the file's text.
        name: what to call it.

    Raises:
        UnreadableConfig: it holds none, or is no Python.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise UnreadableConfig(f"{name} is no Python that can be read{f', line {line}' if line else ''}.") from None
    found: list[tuple[int, dict[str, Any], list[str]]] = []
    for scope in [tree, *(one for one in ast.walk(tree) if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)))]:
        names = _Names(tree, scope)
        for value in _candidates(scope):
            names.doubts = {}
            config = names.value(value)
            if isinstance(config, dict) and {"client", "resources"} <= config.keys():
                found.append((value.lineno, config, [*names.doubts, *_changes(scope, value)]))
    distinct = list({repr(config): (line, config, doubts) for line, config, doubts in found}.values())
    if not distinct:
        raise UnreadableConfig(f"{name} holds no dictionary with client and resources.")
    others = [f"the file has another config, in line {line}; give each a file of its own" for line, *_ in distinct[1:]]
    return distinct[0][1], [*distinct[0][2], *others]


def _changes(scope: ast.AST, value: ast.expr) -> list[str]:
    """A sentence where the config, or what it is made of, is changed after it was written."""
    names = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}
    for node in _own_nodes(scope):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is value:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {one.id for one in targets if isinstance(one, ast.Name)}
    lines = sorted({node.lineno for node in _own_nodes(scope) if _changed(node) & names})  # type: ignore[attr-defined]
    shown = ", ".join(map(str, lines))
    told = f"the dictionary is changed later, which is not read; see line {shown}, and write here what that adds"
    return [told] if lines else []


def _changed(node: ast.AST) -> set[str]:
    """The names whose value a statement changes in place, such as `config["resources"].append(...)`."""
    targets: list[ast.AST] = []
    if isinstance(node, ast.Assign):
        targets = [one for one in node.targets if not isinstance(one, ast.Name)]
    elif isinstance(node, ast.AugAssign):
        targets = [node.target]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        targets = [node.value.func.value] if node.value.func.attr in _CHANGING else []
    return {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}


def _candidates(scope: ast.AST) -> list[ast.expr]:
    """What may be a config: what dlt's readers get, and dictionaries with a name."""
    own = _own_nodes(scope)
    called = [
        argument
        for node in own
        if isinstance(node, ast.Call) and _called(node.func) in _READERS
        for argument in [*node.args[:1], *(word.value for word in node.keywords if word.arg == "config")]
    ]
    named = [node.value for node in own if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None]
    return [*called, *(one for one in named if isinstance(one, (ast.Dict, ast.Call)))]


def _own_nodes(scope: ast.AST) -> list[ast.AST]:
    """The nodes of a module or function, those of functions in it aside."""
    nodes: list[ast.AST] = []
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop(0)
        nodes.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)
    return nodes


def _called(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


class _Names:
    """The values of expressions, as far as the text of a file tells them."""

    def __init__(self, module: ast.Module, scope: ast.AST) -> None:
        self._values: dict[str, ast.expr] = {}
        self._several: set[str] = set()
        self.doubts: dict[str, None] = {}
        for one in (module, scope):
            for node in _own_nodes(one):
                target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
                if isinstance(target, ast.Name) and isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
                    known = self._values.get(target.id)
                    if known is not None and known is not node.value and ast.dump(known) != ast.dump(node.value):
                        self._several.add(target.id)
                    self._values[target.id] = node.value
        if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = scope.args.args
            for argument, default in zip(reversed(arguments), reversed(scope.args.defaults), strict=False):
                self._values[argument.arg] = default
        self._open: list[str] = []

    def value(self, node: ast.AST) -> Any:
        """A value, with holes for what only running tells."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Dict):
            return self._mapping(node)
        if isinstance(node, (ast.List, ast.Tuple)):
            found = [(one, self.value(one.value if isinstance(one, ast.Starred) else one)) for one in node.elts]
            is_more = [isinstance(one, ast.Starred) and isinstance(value, list) for one, value in found]
            return [
                part for (_, value), more in zip(found, is_more, strict=True) for part in (value if more else [value])
            ]
        if isinstance(node, ast.Name):
            return self._named(node)
        if isinstance(node, ast.JoinedStr):
            values = [self.value(one.value if isinstance(one, ast.FormattedValue) else one) for one in node.values]
            return _text([part for one in values for part in _parts(one)])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = self.value(node.left), self.value(node.right)
            if isinstance(left, list) and isinstance(right, list) and not _is_text(left):
                return [*left, *right]
            return _text([*_parts(left), *_parts(right)])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            return -node.operand.value  # type: ignore[operator]
        if isinstance(node, ast.Call):
            return self._call(node)
        return self._made(node) or _looked_up(node) or [Hole("unknown", quoted(ast.unparse(node)))]

    def _mapping(self, node: ast.Dict) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, one in zip(node.keys, node.values, strict=True):
            value = self.value(one)
            if key is None:
                made.update(self._spread(one))
            elif isinstance(name := self.value(key), str):
                made[name] = value
            else:
                self._doubt(key)
        return made

    def _spread(self, node: ast.expr) -> dict[str, Any]:
        """What goes into another dictionary with `**`."""
        value = self.value(node)
        if not isinstance(value, dict):
            self._doubt(node)
            return {}
        return value

    def _doubt(self, node: ast.expr) -> None:
        told = (
            f"what {quoted(ast.unparse(node))} stands for in line {node.lineno} is not known without running the file"
        )
        self.doubts[f"{told}, so it is left out; write it here"] = None

    def _made(self, node: ast.AST) -> Any:
        """A value that stands in an expression of others; nothing where it does not."""
        if isinstance(node, ast.IfExp) and _is_given(node):
            return self.value(node.body)
        return self._repeated(node) if isinstance(node, (ast.ListComp, ast.GeneratorExp)) else None

    def _repeated(self, node: ast.ListComp | ast.GeneratorExp) -> list[Any] | None:
        """What is made once for each of several plain values; None where they are not known."""
        [first, *more] = node.generators
        over = self.value(first.iter)
        is_plain = isinstance(over, list) and all(isinstance(one, (str, int)) for one in over)
        if more or first.ifs or not is_plain or not isinstance(first.target, ast.Name):
            return None
        name, before = first.target.id, dict(self._values)
        made = []
        for one in over:
            self._values[name] = ast.Constant(one)
            made.append(self.value(node.elt))
        self._values = before
        return made

    def _named(self, node: ast.Name) -> Any:
        written = ast.unparse(self._values[node.id]) if node.id in self._values else ""
        if written in ("", "dlt.secrets.value", "dlt.config.value") or node.id in self._open:
            is_secret = written == "dlt.secrets.value" or names_secret(node.id)
            return [Hole("secret" if is_secret else "setting", node.id.lower())]
        if node.id in self._several:
            self.doubts[f"{node.id} is set more than once in the file, and the last was taken; is it right?"] = None
        self._open.append(node.id)
        try:
            return self.value(self._values[node.id])
        finally:
            self._open.pop()

    def _call(self, node: ast.Call) -> Any:
        name = _called(node.func)
        if name.lower() in _CLASSES:
            kind, words = _CLASSES[name.lower()]
            given = {word: self.value(one) for word, one in zip(words, node.args, strict=False)}
            return {"type": kind, **given, **self._keywords(node)}
        if name == "dict" and not node.args:
            return self._keywords(node)
        if ago := _AGO.fullmatch(ast.unparse(node)):
            return f"-{ago[2]}{_UNITS[ago[1]]}"
        return _looked_up(node) or [Hole("unknown", quoted(ast.unparse(node)))]

    def _keywords(self, node: ast.Call) -> dict[str, Any]:
        several = [{one.arg: self.value(one.value)} if one.arg else self._spread(one.value) for one in node.keywords]
        return {name: value for one in several for name, value in one.items()}


def _is_given(node: ast.IfExp) -> bool:
    """Whether an expression is of a name where that is given, and else nothing: `{..., token} if token else None`."""
    names = {one.id for one in ast.walk(node.body) if isinstance(one, ast.Name)}
    is_nothing = isinstance(node.orelse, ast.Constant) and not node.orelse.value
    return is_nothing and isinstance(node.test, ast.Name) and node.test.id in names


def _looked_up(node: ast.AST) -> list[Hole] | None:
    """A value of dlt's configuration or of the environment: a secret or a setting, by its place and name."""
    text = ast.unparse(node)
    keys = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    name = keys[0].rpartition(".")[2].lower() if keys else "value"
    if text.startswith("dlt.secrets"):
        return [Hole("secret", name)]
    if text.startswith("dlt.config") and keys:
        return [Hole("setting", name)]
    if text.startswith(("os.environ", "os.getenv", "environ[", "environ.get", "getenv(")) and keys:
        return [Hole("secret" if names_secret(name) else "setting", name, None if len(keys) < 2 else keys[1])]
    return None


def _is_text(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, Hole) for one in value)


def _parts(value: Any) -> list[Any]:
    return value if _is_text(value) else [str(value)]


def _text(parts: list[Any]) -> Any:
    """Parts as a plain text where nothing is open in them."""
    return parts if any(isinstance(one, Hole) for one in parts) else "".join(parts)
