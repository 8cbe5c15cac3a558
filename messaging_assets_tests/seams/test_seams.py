"""One room names what is private of dlt and Dagster, and a release that changes any of it is told in a sentence."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import messaging_assets
from messaging_assets_tests.leaned_on import KNOWN, THINGS, known, seen

PACKAGE = Path(messaging_assets.__file__).parent
SEAMS = PACKAGE / "seams"
OTHERS = ("dlt", "dagster", "dagster_dlt", "dagster_embedded_elt", "dagster_shared", "duckdb")
# What their documentation tells users to import from. All else of theirs may move with any release.
PUBLIC = {
    "dagster": "the names of its API reference (https://docs.dagster.io/api)",
    "dagster.components": "components and their scaffolders, in the same reference",
    "dlt": "its front door: pipeline, resource, source, Schema, Pipeline, Dataset",
    "dlt.current": "the state and schema of the resource at work",
    "dlt.destinations": "its destinations, a class each",
    "dlt.mark": "hints and tables for items, and a table without a row",
    "dlt.sources": "DltResource, DltSource, incremental",
    "dlt.sources.helpers.requests": "the session with dlt's time limits",
    "dlt.sources.helpers.rest_client": "the REST client",
    "dlt.sources.helpers.rest_client.auth": "the base of authenticators",
    "dlt.sources.helpers.rest_client.paginators": "paginators, and the base of those that users write",
    "dlt.sources.rest_api": "rest_api_resources and rest_api_source",
    "duckdb": "connect and its exceptions",
}
# Underscore names that are no dlt's or Dagster's.
PUBLIC_UNDERSCORES = {"_replace": "a named tuple's own method, documented by Python"}
# `http/wire/` is to urllib3 and requests what `seams/` is to dlt and Dagster.
WIRE = PACKAGE / "http" / "wire"
# What dlt's documentation tells users to set in a paginator of their own.
SET_BY_SUBCLASSES = {"_has_next_page"}
SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if SEAMS not in path.parents]


def foreign_names(code: str, is_wire: bool = False) -> Iterator[str]:
    """What a module names of dlt or Dagster that is not public, a sentence each, with its line."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        for name in _named(node, is_wire):
            yield f"line {node.lineno}: {name} is not public; let a module of seams/ give it"  # type: ignore[attr-defined]


def _named(node: ast.AST, is_wire: bool) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names if _is_theirs(one.name) and one.name not in PUBLIC)
    elif isinstance(node, ast.ImportFrom) and _is_theirs(node.module or ""):
        module = node.module or ""
        names = [f"{module}.{one.name}" for one in node.names]
        yield from ([] if module in PUBLIC else [module])
        yield from (one for one in names if module in PUBLIC and not _is_public(module, one.rpartition(".")[2]))
    elif isinstance(node, ast.Attribute):
        chain = ast.unparse(node)
        if _is_private(node.attr) and not is_wire and not _is_own(node.value) and node.attr not in PUBLIC_UNDERSCORES:
            yield chain
        root, _, rest = chain.partition(".")
        if root in OTHERS and rest.count(".") == 0 and not _is_public(root, rest):
            yield chain
    elif isinstance(node, ast.keyword) and node.arg and _is_private(node.arg):
        yield f"{node.arg}="
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "setattr", "hasattr", "delattr"):
        named = [one.value for one in node.args[1:2] if isinstance(one, ast.Constant)]
        yield from (str(one) for one in named if _is_private(str(one)) and not _is_own(node.args[0]))


def _is_theirs(module: str) -> bool:
    return module.partition(".")[0] in OTHERS


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _is_own(value: ast.expr) -> bool:
    return ast.unparse(value) in ("self", "cls", "super()")


def _is_public(module: str, name: str) -> bool:
    if _is_private(name):
        return False
    found = getattr(import_module(module), name, None)
    is_module = isinstance(found, ModuleType) or (found is None and find_spec(f"{module}.{name}") is not None)
    return f"{module}.{name}" in PUBLIC or not is_module


def test_no_other_room_names_what_is_private_or_deep() -> None:
    found = {
        str(path.relative_to(PACKAGE)): list(foreign_names(path.read_text(encoding="utf-8"), WIRE in path.parents))
        for path in SOURCES
    }
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "code",
    [
        "from dlt.common.schema import Schema",
        "from dlt.extract.source import _DltSingleSource",
        "from dagster import _check",
        "from dagster._utils.schedules import CroniterShim",
        "import dlt.common.utils",
        "from dlt import common",
        "import dlt\ndlt.common.utils.str2bool('yes')",
        "from dagster_shared.utils.config import load_toml_as_dict",
        "from dagster_dlt import DagsterDltResource",
        "def late():\n    from dlt.pipeline.exceptions import PipelineStepFailed",
        "resource._pipe",
        "self.found._next_reference = 1",
        "getattr(found, '_next_reference', None)",
        "dlt.pipeline('name', _impl_cls=Own)",
    ],
)
def test_a_private_or_deep_name_is_seen(code: str) -> None:
    [sentence, *_] = foreign_names(code)
    assert sentence.endswith("is not public; let a module of seams/ give it")


@pytest.mark.parametrize(
    "code",
    [
        "import dlt\ndlt.pipeline('name')\ndlt.current.resource_state()\ndlt.mark.with_hints(1, 2)",
        "from dlt import Pipeline, Schema",
        "from dlt.sources.helpers.rest_client import paginators",
        "from dagster.components import scaffold_with",
        "self._own, super()._own, cls._own, self.__class__.__name__",
        "parts._replace(query='')",
        "from messaging_assets.seams.dlt_names import PipelineStepFailed",
    ],
)
def test_a_public_name_passes(code: str) -> None:
    assert list(foreign_names(code)) == []


def private_names_shared(own: type) -> set[str]:
    """Underscore names of a class that classes of dlt or Dagster above it have too, by chance or on purpose."""
    above = [one for one in own.__mro__ if _is_theirs(one.__module__)]
    if not above:
        return set()
    theirs = {name for one in above for name in _names_in(one)}
    return {name for name in _names_in(own) & theirs if _is_private(name)}


def _names_in(one: type) -> set[str]:
    try:
        nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(one)))))
    except OSError:  # made by a function, so that it has no text
        return set(vars(one))
    own = {node.attr for node in nodes if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"}
    return own | {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


def test_a_subclass_shares_no_private_name_with_the_class_of_theirs_above_it() -> None:
    shared = {}
    for path in SOURCES:
        name = ".".join(("messaging_assets", *path.relative_to(PACKAGE).with_suffix("").parts))
        # The last is of an extra, and `make cluster` runs it.
        if path.stem in ("__init__", "__main__", "definitions", "celery_launcher"):
            continue
        for one in vars(import_module(name)).values():
            if inspect.isclass(one) and one.__module__ == name and (names := private_names_shared(one)):
                shared[f"{name}.{one.__name__}"] = names - SET_BY_SUBCLASSES
    assert {name: names for name, names in shared.items() if names} == {}
    assert "messaging_assets.reading.paging.guarded.GuardedPaginator" in shared


def deep_imports(path: Path) -> Iterator[tuple[str, int]]:
    """Each name that a seam imports from where it is not public, with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and _is_theirs(node.module or ""):
            yield from (
                (f"{node.module}:{one.name}", node.lineno)
                for one in node.names
                if node.module not in PUBLIC or _is_private(one.name)
            )


@pytest.mark.parametrize("path", sorted(SEAMS.rglob("*.py")), ids=lambda path: path.stem)
def test_each_name_of_a_seam_says_why_and_since_when_and_is_watched(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    watched = [thing.name for thing in THINGS]
    for name, number in deep_imports(path):
        if path.stem == "dagster_dlt" and not name.startswith("dagster_dlt.translator"):
            continue  # the front doors of two packages, which differ in nothing but their names
        # An import may follow another under one comment.
        before = [line.lstrip() for line in reversed(lines[: number - 1])]
        above = next(line for line in before if not line.startswith(("from ", "import ")))
        assert re.match(r"# Since (dlt|Dagster|dagster-dlt) [\d.]+: ", above), (
            f"{name} does not say why, and since when"
        )
        assert any(one == name or one.startswith(f"{name}.") or _is_within(name, one) for one in watched), (
            f"{name} is not in THINGS of messaging_assets_tests/leaned_on.py"
        )


def _is_within(name: str, watched: str) -> bool:
    """Whether a watched thing is the imported one, or part of it, named by the module that it really is in."""
    module, _, imported = name.partition(":")
    found = getattr(import_module(module), imported, None)
    real = f"{getattr(found, '__module__', '')}:{getattr(found, '__qualname__', '')}"
    own = [real, *(f"{one.__module__}:{one.__qualname__}" for one in getattr(found, "__mro__", ()))]
    return any(watched == one or watched.startswith(f"{one}.") for one in own if _is_theirs(one))


def test_what_seams_lean_on_is_as_in_a_release_that_was_tried() -> None:
    complaints = [one for thing in THINGS if (one := thing.complaint(known())) is not None]
    assert not complaints, "\n".join(complaints)


def changed() -> str:
    """Another text than any release has."""
    return "changed"


def test_a_changed_function_is_told_by_its_name_and_what_depends_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    [thing] = [one for one in THINGS if one.name == "dlt.extract.utils:resolve_column_value"]
    monkeypatch.setattr("dlt.extract.utils.resolve_column_value", changed)
    complaint = thing.complaint(known()) or ""
    assert f"{thing.release} changed dlt.extract.utils:resolve_column_value" in complaint
    assert f"seams/dlt_values.py leans: {thing.why}" in complaint


def test_a_changed_signature_and_a_name_that_is_gone_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    [signed] = [one for one in THINGS if one.name == "dlt.common.schema.utils:get_nested_tables"]
    monkeypatch.setattr("dlt.common.schema.utils.get_nested_tables", changed)
    assert "changed dlt.common.schema.utils:get_nested_tables" in (signed.complaint(known()) or "")
    monkeypatch.delattr("dlt.common.schema.utils.get_nested_tables")
    assert f"{signed.release} has no dlt.common.schema.utils:get_nested_tables" in (signed.complaint(known()) or "")


def test_a_comment_or_docstring_is_no_change() -> None:
    def bare():
        def plain(value):
            return value + 1

        return plain

    def told():
        def plain(value):
            """Say it in words."""
            # It is the next number.
            return value + 1

        return plain

    assert seen(bare(), "text") == seen(told(), "text") != seen(changed, "text")


def test_nothing_is_kept_of_what_no_seam_leans_on() -> None:
    names = {line.split(" ")[0] for line in KNOWN.read_text(encoding="utf-8").splitlines()}
    assert names - {thing.name for thing in THINGS} == set()
