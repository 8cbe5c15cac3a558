"""Folders of API files -> checked descriptions."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.names import REJECTED, identifier
from messaging_assets.files.components import ComponentFile, component_files
from messaging_assets.files.described import DescriptionFiles, described, document_of, shown_path
from messaging_assets.files.rules.mistakes import (
    InvalidDescription,
    Problem,
)
from messaging_assets.files.yaml_lines import Document
from messaging_assets.foundation.dg_project import dg_project
from messaging_assets.foundation.folders import SHIPPED_APIS, project_folders

__all__ = [
    "FOLDERS_VARIABLE",
    "DescriptionFiles",
    "InvalidDescription",
    "Problem",
    "api_folders",
    "describe",
    "describe_accounts",
    "names_of",
    "project_files",
    "read_apis",
    "read_file",
    "read_folders",
    "why_the_shipped",
]

FOLDERS_VARIABLE = "MESSAGING_ASSETS_APIS"


def describe(raw: Mapping[str, Any], name: str, file: str | None = None) -> ApiDescription:
    """Check a description.

    Args:
        raw: the API in the shape of an API file.
        name: the API's name, where a file has its stem.
        file: the file it was read from; None for a description from Python, which alone may hold functions.

    Raises:
        InvalidDescription: it is wrong; `problems` has all its mistakes.
    """
    return _the_one(described(Document(raw), name, file), file or name)


def describe_accounts(raw: Mapping[str, Any], name: str) -> DescriptionFiles:
    """Check a description from Python that may have accounts; each of them is an API of its own.

    Args:
        raw: the API in the shape of an API file.
        name: the API's name, with which the names of its accounts' APIs begin.
    """
    return described(Document(raw), name, None)


def read_file(path: str | os.PathLike[str], name: str | None = None) -> ApiDescription:
    """Read and check an API file; its stem is the API's name, unless another one is given.

    Raises:
        InvalidDescription: it cannot be read, is wrong, or has accounts; `problems` has all its mistakes.
    """
    return _the_one(read_apis(path, name), str(path))


def read_apis(path: str | os.PathLike[str], name: str | None = None) -> DescriptionFiles:
    """Read and check an API file, which is one API, or one for each of its accounts.

    Args:
        path: the file; nothing is raised where it cannot be read.
        name: the API's name, if not the file's stem.
    """
    path = Path(path)
    name = path.stem if name is None else name
    try:
        document = document_of(path)
    except InvalidDescription as error:
        return DescriptionFiles(broken={name: error})
    return described(document, name, str(path))


def _the_one(found: DescriptionFiles, file: str) -> ApiDescription:
    """The only API of a file.

    Raises:
        InvalidDescription: it is wrong, or there are several.
    """
    names = [*(one.name for one in found.descriptions), *found.broken]
    if len(names) > 1:
        told = (
            f"describes {len(names)} accounts ({', '.join(names)}), where one API is wanted; read_apis reads them all"
        )
        raise InvalidDescription([Problem(file, None, "accounts", told)])
    for error in found.broken.values():
        raise error
    return found.descriptions[0]


def project_files() -> DescriptionFiles:
    """Every API of the project: the files in its folders of API files, and those of its components."""
    return read_folders(api_folders(), component_files())


def names_of(path: str | os.PathLike[str]) -> list[str]:
    """The names of an API file: those that the project's components give it, else its stem."""
    path = Path(path)
    named = [one.name for one in component_files() if one.file and one.file.resolve() == path.resolve()]
    return named or [path.stem]


def read_folders(
    folders: Iterable[str | os.PathLike[str]],
    components: Iterable[ComponentFile] = (),
    wanted: Callable[[Path], bool] | None = None,
) -> DescriptionFiles:
    """Read and check every API file of some folders.

    A file whose name starts with an underscore or a dot is no API. A broken file takes no other down; of two files
    with one name neither is used, because nothing says which is meant.

    Args:
        folders: where to look; not below them.
        components: API files elsewhere, which have names of their own.
        wanted: whether a file of the folders is to be read; else all are.
    """
    files = DescriptionFiles()
    by_name: dict[str, list[Path]] = {}
    for folder in dict.fromkeys(Path(one).absolute() for one in folders):
        try:
            for path in _api_files(folder, wanted):
                by_name.setdefault(path.stem, []).append(path)
        except OSError as error:
            reason = f"this folder of API files cannot be read: {error.strerror or type(error).__name__}"
            _add_broken(
                files, folder.name, [Problem(shown_path(folder), None, "", f"{reason}; see {FOLDERS_VARIABLE}")]
            )
    for one in components:
        if one.file is None:
            _add_broken(
                files, one.name, [Problem(shown_path(one.defs_file), one.line, "", one.mistake or "names no file")]
            )
        else:
            paths = by_name.setdefault(one.name, [])
            if one.file.resolve() not in [path.resolve() for path in paths]:
                paths.append(one.file)
    for name, paths in sorted(by_name.items()):
        if len(paths) > 1:
            _add_broken(files, name, _namesakes(name, paths))
            continue
        found = read_apis(paths[0], name)
        files.descriptions.extend(found.descriptions)
        for api, wrong in found.broken.items():
            _add_broken(files, api, wrong.problems)
    _refuse_same_names(files)
    _refuse_shared_jobs(files)
    _refuse_shared_tables(files)
    return files


def api_folders() -> list[Path]:
    """The folders that MESSAGING_ASSETS_APIS names, `os.pathsep` between them.

    Without it, `apis/` in the project's home where that holds a YAML file, else the package's own; a project of `dg`
    has its APIs as components, and does not get those.
    """
    named = [Path(one) for one in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep) if one.strip()]
    own = project_folders().home / "apis"
    if named or any(own.glob("*.y*ml")):
        return named or [own]
    return [] if dg_project() else [SHIPPED_APIS]


def why_the_shipped() -> str | None:
    """A clause that says why the APIs here are those of the demo, and of which folder nobody reads `apis/`.

    None where the project has its own.
    """
    if os.environ.get(FOLDERS_VARIABLE, "").strip() or api_folders() != [SHIPPED_APIS]:
        return None
    own, here = project_folders().home / "apis", Path.cwd()
    is_beside = here != own.parent and here / "apis" != SHIPPED_APIS and any((here / "apis").glob("*.y*ml"))
    mend = f"; set MESSAGING_ASSETS_HOME={here} for those in {here / 'apis'}" if is_beside else ""
    return f"{'no API file is in' if own.is_dir() else 'there is no folder'} {own}, so these are the demo's{mend}"


def no_api_file(folders: Sequence[Path]) -> str:
    """A clause that says that folders have no API file, and which files there may be meant for one."""
    where = " or ".join(map(str, folders)) or "this project"
    other = [path for folder in folders for path in sorted([*folder.glob("*.json"), *folder.glob("*/*.y*ml")])[:1]]
    is_json = bool(other) and other[0].suffix == ".json"
    mend = "JSON is YAML too, so name it .yaml" if is_json else "folders in it are not looked into, so move it up"
    return f"there is no API file in {where}" + (f"; there is {shown_path(other[0])}: {mend}" if other else "")


def _api_files(folder: Path, wanted: Callable[[Path], bool] | None) -> list[Path]:
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name.endswith((".yaml", ".yml")))
    paths = [folder / name for name in names if not name.startswith(("_", "."))]
    return [path for path in paths if wanted(path)] if wanted else paths


def _namesakes(name: str, paths: Sequence[Path]) -> list[Problem]:
    problems = []
    for path in paths:
        others = ", ".join(shown_path(other) for other in paths if other != path)
        message = f"its API's name is '{name}', and so is that of {others}; rename one of them"
        problems.append(Problem(shown_path(path), 1, "", message))
    return problems


def _refuse_same_names(files: DescriptionFiles) -> None:
    """Set aside what has the name of another file's account; nothing says which of the two is meant."""
    by_name: dict[str, list[ApiDescription]] = {}
    for description in files.descriptions:
        by_name.setdefault(description.name, []).append(description)
    for name, several in by_name.items():
        if len(several) > 1:
            _add_broken(files, name, _namesakes(name, [Path(one.file or name) for one in several]))
            files.descriptions[:] = [one for one in files.descriptions if one.name != name]


def _refuse_shared_jobs(files: DescriptionFiles) -> None:
    """Set a file aside whose job would have the name of another's job of windows; Dagster would load neither."""
    by_name = {description.name: description for description in files.descriptions}
    for description in by_name.values():
        for windows in {one.partitions.type for one in description.resources_in_full.values() if one.partitions}:
            if (other := by_name.get(f"{description.name}_{windows}")) in files.descriptions:
                message = (
                    f"its job {other.name}_sync is that of {description.name}'s {windows} windows; rename the file"
                )
                files.descriptions.remove(other)
                _add_broken(files, other.name, [Problem(shown_path(Path(other.file or other.name)), 1, "", message)])


def _refuse_shared_tables(files: DescriptionFiles) -> None:
    """Set a file aside whose tables would be another's, or in a dataset that another did not give away."""
    by_dataset: dict[str, list[ApiDescription]] = {}
    for description in sorted(files.descriptions, key=lambda one: one.dataset is not None):
        by_dataset.setdefault(description.dataset_name, []).append(description)
        if description.tenancy:
            # The view of all accounts needs its name too.
            view = description.as_account(None)
            if view.name not in [one.name for one in by_dataset.setdefault(view.dataset_name, [])]:
                by_dataset[view.dataset_name].append(view)
    for dataset, several in by_dataset.items():
        tables: dict[str, str] = {}
        for description in several:
            own = {text for one in description.resources_in_full.values() for text in _names_in(description, one)}
            shared = sorted(one for one in own if tables.get(one, description.name) != description.name)
            told = ""
            if description is not several[0] and several[0].dataset is None:
                told = f"its dataset is that of the API {dataset}; name another, or write dataset in that file too"
            elif shared:
                told = (
                    f"its table {shared[0]} is that of {tables[shared[0]]} in the dataset {dataset}; write table_name"
                )
            tables |= dict.fromkeys(own - set(tables), description.name)
            if told:
                files.descriptions[:] = [one for one in files.descriptions if not _is_of(one, description)]
                place = shown_path(Path(description.file or description.name))
                _add_broken(files, description.name, [Problem(place, 1, "dataset", told)])


def _is_of(one: ApiDescription, other: ApiDescription) -> bool:
    """Whether an API is another one, or an account of it."""
    return one.name == other.name or (one.tenancy is not None and one.tenancy.api == other.name)


def _names_in(description: ApiDescription, resource: Resource) -> tuple[str, str]:
    """What is to be a resource's alone in a dataset: its table, and what its dlt schema is called by.

    Of the view of all accounts, which has no schema, it is that of the records that were set aside.
    """
    if description.tenancy and description.tenancy.api == description.name:
        return identifier(resource.table), identifier(resource.table) + REJECTED
    return identifier(resource.table), f"{description.name}_{resource.name}".lower()


def _add_broken(files: DescriptionFiles, name: str, problems: Sequence[Problem]) -> None:
    name = re.sub(r"[^A-Za-z0-9_]", "_", name) or "_"
    before = files.broken[name].problems if name in files.broken else []
    files.broken[name] = InvalidDescription([*before, *problems])
