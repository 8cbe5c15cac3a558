"""The files of one archive together: as one list of records, or one document after the other, each with its list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from messaging_assets.answers.field_names import NAME
from messaging_assets.answers.formats.archives import gzip_members, is_zip, member_names
from messaging_assets.answers.formats.json_text import Unreadable, WrongFormat
from messaging_assets.answers.formats.texts import Document, Records

_WHOLE = (None, "$")


class Documents(list[Document]):
    """Objects that came in one archive, each with a list of its own."""


def each_parsed(files: list[bytes], body: bytes, members: str | None, parse: Callable[[bytes], Any]) -> list[Any]:
    """What each file of an archive says.

    Args:
        files: the files.
        body: the archive.
        members: see `archives.unfolded`.
        parse: reads one of them.

    Raises:
        Unreadable: one of several is no such file; it is named.
    """
    if len(files) == 1:
        return [parse(files[0])]
    parsed = []
    for place, file in enumerate(files):
        try:
            parsed.append(parse(file))
        except Unreadable as error:
            words = f"{error}, in {_place(place, _names(body, members))} (members in format names those that are read)"
            raise type(error)(words) from None
    return parsed


def each_of_gzip(body: bytes, parse: Callable[[bytes], Any]) -> list[Any] | None:
    """What each member of a gzip file says, where it has several that are no one text together; else None.

    Raises:
        Unreadable: one of them is none, though another is a text by itself; it is named.
    """
    members, parsed, wrong = gzip_members(body), list[Any](), dict[int, Unreadable]()
    for place, one in enumerate(members if len(members) > 1 else ()):
        try:
            parsed.append(parse(one))
        except Unreadable as error:
            wrong[place] = error
    if wrong and any(isinstance(one, (dict, list)) for one in parsed):
        place, first = next(iter(wrong.items()))
        raise type(first)(f"{first}, in {_place(place, ())}") from None
    return None if wrong else parsed or None


def together(parsed: list[Any], body: bytes, members: str | None, selector: str | None, is_xml: bool) -> Any:
    """What the files of one archive say together.

    Args:
        parsed: what each says.
        body: the archive.
        members: see `archives.unfolded`.
        selector: where the records are.
        is_xml: whether they are XML, whose records are never the whole.

    Raises:
        WrongFormat: they do not fit together.
    """
    if selector not in _WHOLE and any(isinstance(one, dict) for one in parsed):
        names = _names(body, members)
        other = next((place for place, one in enumerate(parsed) if not isinstance(one, dict)), None)
        if other is not None:
            words = f"an archive in which {_place(other, names)} is no object, as others are"
            raise WrongFormat(f"{words} (members in format names those that are read)")
        documents = Documents(Document(one) for one in parsed)
        for place, document in enumerate(documents):
            document.place = _place(place, names)
            document.is_begun, document.goes_on = place > 0, place + 1 < len(documents)
        return documents
    if is_xml or (selector is None and any(isinstance(one, dict) and _holds_list(one) for one in parsed)):
        words = "an archive of several files, each an object with lists; write data_selector"
        raise WrongFormat(f"{words}, or $ where each file is a record" if not is_xml else words)
    records = Records()
    for one in parsed:
        records += one if isinstance(one, list) else [one]
    headers = {one.header for one in parsed if isinstance(one, Records)}
    if len(headers) > 1:
        raise WrongFormat("a zip archive whose files have different headers (members in format names some)")
    records.header = next(iter(headers), None)
    return records


def _holds_list(body: dict[str, Any]) -> bool:
    return any(isinstance(one, list) and any(isinstance(row, dict) for row in one) for one in body.values())


def _names(body: bytes, members: str | None) -> list[str]:
    return member_names(body, members) if is_zip(body) else []


def _place(place: int, names: Sequence[str]) -> str:
    name = names[place].rpartition("/")[2] if names else ""
    return f"file {place + 1} of the archive" + (f" ({name})" if NAME.fullmatch(name) else "")
