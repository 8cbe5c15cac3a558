"""API files that are components of a project of `dg`: what each `defs.yaml` says of them, read without Dagster.

A `component.py` is looked at as text, because it may do whatever a project wants.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from messaging_assets.files.described import DescriptionFiles, shown_path
from messaging_assets.files.rules.mistakes import InvalidDescription, Problem
from messaging_assets.foundation.dg_project import dg_project
from messaging_assets.foundation.regular_files import LARGEST_API_FILE, read_regular

TYPES = ("messaging_assets.RestApi", "messaging_assets.rest_api.RestApi")
_EMPTY = "is empty; set the variable that it is taken from, or write it out"


@dataclass(frozen=True)
class ComponentFile:
    """An API that a component describes.

    Args:
        name: the API's name; the folder's where no file is named.
        file: its API file; None where the component names none.
        defs_file: where the component is.
        line: its line there, counted from 1.
        mistake: what is wrong with the component, a clause with what to do next.
    """

    name: str
    file: Path | None
    defs_file: Path
    line: int = 1
    mistake: str | None = None


def component_files() -> list[ComponentFile]:
    """The components `messaging_assets.RestApi` below the project's defs folder; none where there is no project.

    Of one that is written in Python (`component.py`) the call counts whose file is written out; no code is run.
    """
    project = dg_project()
    if project is None:
        return []
    found: list[ComponentFile] = []
    written = [path for name in ("defs.yaml", "component.yaml") for path in _files(project.defs_folder, name)]
    for folder in sorted({path.parent for path in written}):
        # As Dagster has it: of the two names the older one counts where the newer one is not there.
        file = folder / "defs.yaml"
        found += _components(file if file.is_file() else folder / "component.yaml", project.source)
    for file in sorted(_files(project.defs_folder, "component.py")):
        found += _components_in_python(file)
    return [_alone(one, found) for one in found]


def _alone(one: ComponentFile, found: Iterable[ComponentFile]) -> ComponentFile:
    """A component, with its mistake where another one makes the same API of the same file; Dagster loads neither."""
    same = [other for other in found if other is not one and one.file and _made_by(other) == _made_by(one)]
    twins = [shown_path(other.defs_file) for other in same]
    if not twins:
        return one
    mistake = f"its API's name is '{one.name}', and so is that of {', '.join(twins)}; name one of them otherwise"
    return replace(one, file=None, mistake=mistake)


def _made_by(one: ComponentFile) -> tuple[str, Path | None]:
    return one.name, one.file and one.file.resolve()


def nothing_in(words: Iterable[str], folder: Path) -> DescriptionFiles:
    """The mistakes of a component whose attributes came to nothing, under the name of its folder."""
    problems = [Problem(shown_path(folder), None, word, _EMPTY) for word in words]
    return DescriptionFiles(broken={folder.name: InvalidDescription(problems)})


def _files(folder: Path, name: str) -> Iterator[Path]:
    paths = folder.rglob(name)
    return (path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _components(file: Path, source: Path) -> list[ComponentFile]:
    found, line = [], 1
    try:
        loader = yaml.SafeLoader(read_regular(file, LARGEST_API_FILE).decode("utf-8"))
        while loader.check_node():
            node = loader.get_node()
            assert node is not None
            line = node.start_mark.line + 1
            document = loader.construct_document(node)
            if isinstance(document, Mapping) and isinstance(kind := document.get("type"), str):
                if kind in TYPES:
                    found.append(_component(file, line, document.get("attributes")))
                elif _is_subclass(kind, source):
                    found.append(_component(file, line, document.get("attributes"), has_own_words=True))
    except (OSError, ValueError, yaml.YAMLError):
        mistake = "cannot be read as YAML; `dg check yaml` says where"
        found.append(ComponentFile(file.parent.name, None, file, line, mistake))
    return found


def _is_subclass(kind: str, source: Path) -> bool:
    """Whether a type of the project's own is a class of `RestApi`, as the module says in which it is written."""
    module, _, name = kind.rpartition(".")
    place = source.joinpath(*module.split("."))
    code = _code(place / "__init__.py" if place.is_dir() else place.with_suffix(".py"))
    known = _names_of_ours(code)
    for one in code.body:
        if isinstance(one, ast.ClassDef) and known & {ast.unparse(base).rpartition(".")[2] for base in one.bases}:
            known.add(one.name)
    return name in known


def _code(file: Path) -> ast.Module:
    """A module of the project; an empty one where it cannot be read, because Dagster says what is wrong with code."""
    try:
        return ast.parse(read_regular(file, LARGEST_API_FILE))
    except (OSError, ValueError, SyntaxError):
        return ast.Module([], [])


def _names_of_ours(code: ast.Module) -> set[str]:
    imported = (one for line in ast.walk(code) if isinstance(line, ast.ImportFrom) for one in line.names)
    return {"RestApi", *(one.asname for one in imported if one.name == "RestApi" and one.asname)}


def _components_in_python(file: Path) -> Iterator[ComponentFile]:
    code = _code(file)
    called = _names_of_ours(code)
    written = [one for one in code.body if isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant)]
    constants = {ast.unparse(target): one.value for one in written for target in one.targets}
    for call in (one for one in ast.walk(code) if isinstance(one, ast.Call)):
        if ast.unparse(call.func).rpartition(".")[2] in called:
            values = {one.arg: constants.get(ast.unparse(one.value), one.value) for one in call.keywords if one.arg}
            given = {name: one.value for name, one in values.items() if isinstance(one, ast.Constant)}
            # Under a name that is not known here it would be another API, with tables of its own.
            if isinstance(given.get("file"), str) and ("name" in given or "name" not in values):
                yield _component(file, call.lineno, {name: value for name, value in given.items() if value is not None})


def _component(file: Path, line: int, attributes: Any, *, has_own_words: bool = False) -> ComponentFile:
    folder = file.parent
    given = attributes if isinstance(attributes, Mapping) else {}
    try:
        # A translation is of assets, which are not there yet.
        filled_in = _filled_in({name: given[name] for name in ("file", "name") if name in given})
    except Exception:  # noqa: BLE001 - whatever a template does wrong, Dagster tells with its line
        mistake = "has a template that cannot be filled in; `dg check defs` says why"
        return ComponentFile(folder.name, None, file, line, mistake)
    named, name = filled_in.get("file"), filled_in.get("name")
    is_unknown = not has_own_words and given.keys() - {"file", "name", "translation"}
    if empty := [word for word, value in filled_in.items() if not value and given[word] is not None]:
        return ComponentFile(folder.name, None, file, line, f"its {empty[0]} {_EMPTY}")
    if not isinstance(named, str) or not isinstance(name, str | None) or is_unknown:
        mistake = "must have `attributes: {file: ...}`, the API file, and may have a name; `dg check yaml` says more"
        return ComponentFile(folder.name, None, file, line, mistake)
    if not (folder / named).is_file():
        return ComponentFile(name or Path(named).stem, None, file, line, "names a file that is not there; correct it")
    return ComponentFile(name or Path(named).stem, folder / named, file, line)


def _filled_in(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The attributes with their templates, such as `{{ env.CHAT }}`, resolved by Dagster."""
    if not any(isinstance(value, str) and "{" in value for value in attributes.values()):
        return attributes
    from dagster import ResolutionContext

    return ResolutionContext.default().resolve_value(attributes)
