"""One API file, or one description from Python, checked; every mistake is told at once, with file and line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from messaging_assets.description.api import ApiDescription, Tenancy
from messaging_assets.description.ways.named_secrets import with_secrets_in_auth
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
from messaging_assets.files.rules.other_words import REFUSED
from messaging_assets.files.rules.placeholders import parent_mistakes
from messaging_assets.files.rules.secrets import secret_mistakes, secrets_in_comments
from messaging_assets.files.rules.shape import shape_mistakes
from messaging_assets.files.rules.templates import template_mistakes
from messaging_assets.files.settings import Account, account_mistakes, accounts_in, filled_in, unused_settings
from messaging_assets.files.yaml_lines import Document, read_yaml
from messaging_assets.foundation.regular_files import LARGEST_API_FILE, read_regular


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


def document_of(path: Path) -> Document:
    """What an API file holds, with its lines.

    Raises:
        InvalidDescription: it cannot be read.
    """
    try:
        text = read_regular(path, LARGEST_API_FILE).decode("utf-8-sig")
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror or type(error).__name__}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _unreadable(path, "is not UTF-8 text; save it as UTF-8", line) from None
    document = read_yaml(text)
    document.mistakes += secrets_in_comments(text)
    return document


def described(document: Document, name: str, file: str | None) -> DescriptionFiles:
    """The APIs that a document describes, one for each of its accounts; nothing is raised where it is wrong."""
    found = DescriptionFiles()
    accounts = accounts_in(document.value, name, Path(file).parent if file else None)
    for account in accounts:
        try:
            found.descriptions.append(_checked(document, account, file))
        except InvalidDescription as error:
            found.broken[account.api] = error
    if accounts[0].shared:
        _set_beside_each_other(found.descriptions, accounts, document.value.get("dataset"))
    return found


def _set_beside_each_other(descriptions: list[ApiDescription], accounts: list[Account], dataset: Any) -> None:
    """Let each account know of the others."""
    named = {one.name: one.dataset_name for one in descriptions}
    datasets = {one.name: named.get(one.api, one.api) for one in accounts}
    # One with a setting in it is that of an account.
    whole = dataset if isinstance(dataset, str) and "{" not in dataset else accounts[0].shared
    by_api = {one.api: one for one in accounts}
    for place, one in enumerate(descriptions):
        one.of_account(Tenancy(by_api[one.name].shared, by_api[one.name].name, whole, datasets, place == 0))


def mistakes_in(raw: Mapping[str, Any], name: str) -> list[Mistake]:
    """What is wrong with the description in a file, and where; nothing where it is a good one."""
    return _judged(raw, Account(name), name)[1]


def _judged(raw: Mapping[str, Any], account: Account, file: str | None) -> tuple[ApiDescription | None, list[Mistake]]:
    name = account.api
    # As it was written: what stands in a variable is no mistake of the file's.
    across = [*secret_mistakes(raw, name), *unused_settings(raw), *account_mistakes(raw)]
    filled, wrong_settings = filled_in(raw, account)
    filled = with_secrets_in_auth(filled)
    description, wrong_shape = _shaped(filled, name, file)
    told = {mistake.place for mistake in wrong_settings}
    across += [*wrong_settings, *(one for one in _across(filled, name, file) if one.place not in told)]
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
        shown = account.api or "description" if file is None else shown_path(Path(file))
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
    return InvalidDescription([Problem(shown_path(path), line, "", message)])


def shown_path(path: Path) -> str:
    """A path as a person knows it: from the working directory, where it lies below that."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
