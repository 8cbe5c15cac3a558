"""Folders of API files -> checked descriptions; every mistake of a file is told at once, with file and line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from messaging_assets.description.api import ApiDescription
from messaging_assets.files.components import ComponentFile, component_files
from messaging_assets.files.rules.consistency import consistency_mistakes
from messaging_assets.files.rules.mistakes import (
    InvalidDescription,
    Mistake,
    Place,
    Problem,
    kind_of,
    problems_of,
)
from messaging_assets.files.rules.names import name_mistakes
from messaging_assets.files.rules.placeholders import parent_mistakes
from messaging_assets.files.rules.secrets import secret_mistakes, secrets_in_comments
from messaging_assets.files.rules.shape import REFUSED, shape_mistakes
from messaging_assets.files.rules.templates import template_mistakes
from messaging_assets.files.settings import Account, accounts_in, filled_in, unused_settings
from messaging_assets.files.yaml_lines import Document, read_yaml
from messaging_assets.foundation.dg_project import dg_project
from messaging_assets.foundation.folders import SHIPPED_APIS, project_folders
from messaging_assets.foundation.regular_files import LARGEST_API_FILE, read_regular

__all__ = [
    "FOLDERS_VARIABLE",
    "DescriptionFiles",
    "InvalidDescription",
    "Problem",
    "api_folders",
    "describe",
    "describe_accounts",
    "mistakes_in",
    "names_of",
    "project_files",
    "read_apis",
    "read_file",
    "read_folders",
]

FOLDERS_VARIABLE = "MESSAGING_ASSETS_APIS"


@dataclass(frozen=True)
class DescriptionFiles:
    """What some folders hold.

    Args:
        descriptions: the APIs that can be built, by name.
        broken: what is wrong with the others, by a name that Dagster takes: the file's stem or the folder's name,
            with an underscore for each character that is no ASCII letter or digit.
    """

    descriptions: list[ApiDescription] = field(default_factory=list)
    broken: dict[str, InvalidDescription] = field(default_factory=dict)


def describe(raw: Mapping[str, Any], name: str, file: str | None = None) -> ApiDescription:
    """Check a description.

    Args:
        raw: the API in the shape of an API file.
        name: the API's name, where a file has its stem.
        file: the file it was read from; None for a description from Python, which alone may hold functions.

    Raises:
        InvalidDescription: it is wrong; `problems` has all its mistakes.
    """
    return _the_one(_described(Document(raw), name, file), file or name)


def describe_accounts(raw: Mapping[str, Any], name: str) -> DescriptionFiles:
    """Check a description from Python that may have accounts; each of them is an API of its own.

    Args:
        raw: the API in the shape of an API file.
        name: the API's name, with which the names of its accounts' APIs begin.
    """
    return _described(Document(raw), name, None)


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
        document = _document(path)
    except InvalidDescription as error:
        return DescriptionFiles(broken={name: error})
    return _described(document, name, str(path))


def _document(path: Path) -> Document:
    try:
        text = read_regular(path, LARGEST_API_FILE).decode("utf-8-sig")
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror or type(error).__name__}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _unreadable(path, "is not UTF-8 text", line) from None
    document = read_yaml(text)
    document.mistakes += secrets_in_comments(text)
    return document


def _described(document: Document, name: str, file: str | None) -> DescriptionFiles:
    found = DescriptionFiles()
    for account in accounts_in(document.value, name, Path(file).parent if file else None):
        try:
            found.descriptions.append(_checked(document, account, file))
        except InvalidDescription as error:
            found.broken[account.api] = error
    return found


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
    folders: Iterable[str | os.PathLike[str]], components: Iterable[ComponentFile] = ()
) -> DescriptionFiles:
    """Read and check every API file of some folders.

    A file whose name starts with an underscore or a dot is no API. A broken file takes no other down; of two files
    with one name neither is used, because nothing says which is meant.

    Args:
        folders: where to look; not below them.
        components: API files elsewhere, which have names of their own.
    """
    files = DescriptionFiles()
    by_name: dict[str, list[Path]] = {}
    for folder in dict.fromkeys(Path(one).absolute() for one in folders):
        try:
            for path in _api_files(folder):
                by_name.setdefault(path.stem, []).append(path)
        except OSError as error:
            reason = f"this folder of API files cannot be read: {error.strerror or type(error).__name__}"
            _add_broken(files, folder.name, [Problem(_shown(folder), None, "", f"{reason}; see {FOLDERS_VARIABLE}")])
    for one in components:
        if one.file is None:
            _add_broken(files, one.name, [Problem(_shown(one.defs_file), one.line, "", one.mistake or "names no file")])
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


def _api_files(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name.endswith((".yaml", ".yml")))
    return [folder / name for name in names if not name.startswith(("_", "."))]


def _namesakes(name: str, paths: Sequence[Path]) -> list[Problem]:
    problems = []
    for path in paths:
        others = ", ".join(_shown(other) for other in paths if other != path)
        message = f"its API's name is '{name}', and so is that of {others}; rename one of them"
        problems.append(Problem(_shown(path), 1, "", message))
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
                _add_broken(files, other.name, [Problem(_shown(Path(other.file or other.name)), 1, "", message)])


def _add_broken(files: DescriptionFiles, name: str, problems: Sequence[Problem]) -> None:
    name = re.sub(r"[^A-Za-z0-9_]", "_", name) or "_"
    before = files.broken[name].problems if name in files.broken else []
    files.broken[name] = InvalidDescription([*before, *problems])


def mistakes_in(raw: Mapping[str, Any], name: str) -> list[Mistake]:
    """What is wrong with the description in a file, and where; nothing where it is a good one."""
    return _judged(raw, Account(name), name)[1]


def _judged(raw: Mapping[str, Any], account: Account, file: str | None) -> tuple[ApiDescription | None, list[Mistake]]:
    name = account.api
    # As it was written: what stands in a variable is no mistake of the file's.
    across = [*secret_mistakes(raw, name), *unused_settings(raw)]
    filled, wrong_settings = filled_in(raw, account)
    description, wrong_shape = _shaped(filled, name, file)
    across += [*wrong_settings, *_across(filled, name, file)]
    told = {mistake.place for mistake in across} - {()}
    return description, [*across, *(one for one in wrong_shape if not _is_told(one.place, told))]


def _checked(document: Document, account: Account, file: str | None) -> ApiDescription:
    raw, mistakes, description = document.value, list(document.mistakes), None
    if isinstance(raw, Mapping):
        description, found = _judged(raw, account, file)
        mistakes += found
    elif not mistakes:
        what = "is empty" if raw is None else f"must be a mapping, not {kind_of(raw)}"
        mistakes.append(Mistake((), f"{what}; begin with messaging-assets discover, or a copy of _template.yaml"))
    if description is None or mistakes:
        shown = account.api or "description" if file is None else _shown(Path(file))
        lines = None if file is None else document.lines
        raise InvalidDescription(problems_of(mistakes, raw, shown, lines))
    lines_of = {
        one.name: document.lines.get(("resources", place), 1) for place, one in enumerate(description.resources)
    }
    return description.with_lines(lines_of)


def _across(raw: Mapping[str, Any], name: str, file: str | None) -> list[Mistake]:
    """What is wrong beyond the shape, told even where the shape is wrong too."""
    return [
        *name_mistakes(raw, name),
        *template_mistakes(raw, name),
        *parent_mistakes(raw),
        *consistency_mistakes(raw, is_file=file is not None),
    ]


def _shaped(raw: Mapping[str, Any], name: str, file: str | None) -> tuple[ApiDescription | None, list[Mistake]]:
    own = REFUSED["ApiDescription"]
    mistakes = [Mistake((word,), own[word]) for word in own if word in raw]
    try:
        return ApiDescription.model_validate({**raw, "name": name, "file": file}), mistakes
    except ValidationError as error:
        return None, shape_mistakes(error, raw) + mistakes


def _is_told(place: Place, told: set[Place]) -> bool:
    return any(place[: len(known)] == known for known in told)


def _unreadable(path: Path, message: str, line: int | None = None) -> InvalidDescription:
    return InvalidDescription([Problem(_shown(path), line, "", message)])


def _shown(path: Path) -> str:
    """A path as a person knows it: from the working directory, where it lies below that."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
