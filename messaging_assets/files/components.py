"""API files that are components of a project of `dg`: what each `defs.yaml` says of them, read without Dagster.

A `component.py` is looked at as text, because it may do whatever a project wants.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from messaging_assets.foundation.dg_project import dg_project
from messaging_assets.foundation.regular_files import LARGEST_API_FILE, read_regular

TYPES = ("messaging_assets.RestApi", "messaging_assets.rest_api.RestApi")


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
        found += _components(file if file.is_file() else folder / "component.yaml")
    for file in sorted(_files(project.defs_folder, "component.py")):
        found += _components_in_python(file)
    return found


def _files(folder: Path, name: str) -> Iterator[Path]:
    paths = folder.rglob(name)
    return (path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _components(file: Path) -> list[ComponentFile]:
    found, line = [], 1
    try:
        loader = yaml.SafeLoader(read_regular(file, LARGEST_API_FILE).decode("utf-8"))
        while loader.check_node():
            node = loader.get_node()
            assert node is not None
            line = node.start_mark.line + 1
            document = loader.construct_document(node)
            if isinstance(document, Mapping) and document.get("type") in TYPES:
                found.append(_component(file, line, document.get("attributes")))
    except (OSError, ValueError, yaml.YAMLError):
        mistake = "cannot be read as YAML; `dg check yaml` says where"
        found.append(ComponentFile(file.parent.name, None, file, line, mistake))
    return found


def _components_in_python(file: Path) -> Iterator[ComponentFile]:
    try:
        code = ast.parse(read_regular(file, LARGEST_API_FILE))
    except (OSError, ValueError, SyntaxError):
        # Dagster says what is wrong with a project's code.
        return
    imported = (one for line in ast.walk(code) if isinstance(line, ast.ImportFrom) for one in line.names)
    called = {"RestApi", *(one.asname for one in imported if one.name == "RestApi" and one.asname)}
    written = [one for one in code.body if isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant)]
    constants = {ast.unparse(target): one.value for one in written for target in one.targets}
    for call in (one for one in ast.walk(code) if isinstance(one, ast.Call)):
        if ast.unparse(call.func).rpartition(".")[2] in called:
            values = {one.arg: constants.get(ast.unparse(one.value), one.value) for one in call.keywords if one.arg}
            given = {name: one.value for name, one in values.items() if isinstance(one, ast.Constant)}
            # Under a name that is not known here it would be another API, with tables of its own.
            if isinstance(given.get("file"), str) and ("name" in given or "name" not in values):
                yield _component(file, call.lineno, {name: given.get(name) for name in ("file", "name")})


def _component(file: Path, line: int, attributes: Any) -> ComponentFile:
    folder = file.parent
    try:
        given = attributes if isinstance(attributes, Mapping) else {}
        # A translation is of assets, which are not there yet.
        filled_in = _filled_in({name: value for name, value in given.items() if name != "translation"})
    except Exception:  # noqa: BLE001 - whatever a template does wrong, Dagster tells with its line
        mistake = "has a template that cannot be filled in; `dg check defs` says why"
        return ComponentFile(folder.name, None, file, line, mistake)
    named, name = filled_in.get("file"), filled_in.get("name")
    if not isinstance(named, str) or not isinstance(name, str | None) or filled_in.keys() - {"file", "name"}:
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
