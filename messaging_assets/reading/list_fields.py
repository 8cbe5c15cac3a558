"""What a parent's record gives to the requests of its list, and what a record is given beside its own fields."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urljoin

from messaging_assets.description.api import Endpoint, Resource
from messaging_assets.description.names import HEADER_VALUE
from messaging_assets.description.parents import (
    LINE,
    LIST,
    NO_VALUE,
    PARENTS,
    bound_path,
    cursor_field,
    fields_in_texts,
    fields_of_parents,
    is_address,
    other_field,
    path_cursor_field,
    path_field,
    shared_field,
    text_field,
    written,
)
from messaging_assets.description.ways.placeholders import path_text
from messaging_assets.foundation import json_paths, moments
from messaging_assets.foundation.failures import MendDescription

if TYPE_CHECKING:
    from messaging_assets.reading.cursors.time_windows import Window
    from messaging_assets.reading.list_context import ListContext

_NO_ADDRESS = "its '{}' is empty or made of dots, which would ask for another address"
_STEP_UP = "its '{}' is an address with dots for a step, which would ask for another one"
_MISSING = "it has no '{}', which the request takes"
_NO_TIME = "its '{}' is no text of a time, and the request takes one"
_HOST = re.compile(r"[A-Za-z0-9.-]+:[0-9]+")
# A step of dots in what stands before a query.
_DOTS = re.compile(r"[^?#]*[/\\](\.|%2e){2}([/\\?#]|\Z)", re.IGNORECASE)
_NO_TEXT = "its '{}' is {}, which nothing but a value of a JSON body can take"
_NO_HEADER = "its '{}' has a character that no header takes, or a blank at its ends"


class ListFields:
    """Adds to a parent's record what the request for its child's list takes: the list's name, the record's fields, and
    where the list's cursor stands. In the path fields are percent-encoded as RFC 3986 says, slashes too.

    Args:
        context: what the child's lists share.
        parent: the name of the resource whose records these are.
        child: the resource whose requests take them.
        base_url: the API's address, which links in records may be relative to.
        is_carried: whether the child's records take the record with them, for children of their own.

    Attributes:
        come: takes records whose windows are about to be read, in their order.
        windows_ahead: how many of them it is told of before their turn.
    """

    def __init__(
        self, context: ListContext, parent: str, child: Resource, base_url: str = "", is_carried: bool = False
    ) -> None:
        self._context, self._parent, self._base_url, self._is_carried = context, parent, base_url, is_carried
        self._in_path, elsewhere = fields_of_parents(child)
        places = dict.fromkeys(fields_in_texts(child), "text") | dict.fromkeys(_fields_in_headers(child), "header")
        # A value of JSON keeps its type.
        self._taken_in = {field: places.get(field, "json") for field in (*self._in_path, *elsewhere)}
        self._shared = tuple(child.include_from_parent)
        self._path, _ = bound_path(child)
        self._seen, self._lacking = set[str](), set[int]()
        self.come: Callable[[list[dict[str, Any]]], Any] = len
        self.windows_ahead = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> ListFields:
        # dlt copies a config to look at it; what was seen is seen once.
        return self

    @property
    def steps(self) -> list[dict[Literal["filter", "map"], Callable[..., Any]]]:
        """The same as dlt's processing steps, which see a record after the fields of its own parent joined it."""
        return [{"filter": self.is_new}, {"map": self.with_fields}]

    def name(self, row: dict[str, Any]) -> str:
        """The list's name: a digest, because a parent's key may be nobody's business; empty for the only list."""
        if not self._taken_in:
            return ""
        # As text, because 7 and "7" ask for one list.
        asked = [[str(_value(field, row))] for field in self._taken_in]
        return hashlib.blake2b(repr(asked).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()

    def is_new(self, row: dict[str, Any]) -> bool:
        """Whether the record's list is to be read: it has an address, and no earlier record asks for the same one."""
        if why := self._why_none(row):
            self._leave_out(row, *why)
            return False
        name = self.name(row)
        if name in self._seen:
            self._context.came_again(name, row, self._parent)
            return False
        self._seen.add(name)
        return self._context.is_wanted(name, row, self._parent)

    def with_fields(self, row: dict[str, Any]) -> dict[str, Any]:
        """The record with what the list's requests take."""
        name = self.name(row)
        fields: dict[str, Any] = {path_field(field): self._as_path(row, field) for field in self._in_path}
        for field in self._taken_in:
            fields[other_field(field)] = value = _value(field, row)
            fields[text_field(field)] = written(value)
        fields |= _of_cursor(_plain(self._context.cursor_values(name), self._context.asset))
        for one in self._shared:
            found = [row[one]] if one in row else json_paths.find_values(one, row)
            # APIs leave out what is empty, and dlt stops at a parent without the field.
            fields[shared_field(one)] = found[0] if found else None
            if not self._context.is_parent:
                self._context.receipt.fields.note("include_from_parent", one, bool(found))
        if self._is_carried:
            fields[LINE] = line_of(row, self._parent)
        return row | fields | {LIST: name}

    def windows(self, row: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
        """The record once for each window of its list's range; one comes when the one before it was read."""
        coming: Iterator[Window] = iter(())
        finished = self._context.so_far.interrupted.finished
        for number, window in enumerate(self._context.windows_of(row[LIST])):
            if not number:
                coming = chain([window], window.of.following(window))
            told = islice(coming, 1 if number else 1 + self.windows_ahead)
            self.come([_in_window(row, one) for one in told if one.name not in finished])
            yield [_in_window(row, window)]

    def _why_none(self, row: dict[str, Any]) -> tuple[str, str] | None:
        """The field for which a record has no list, and why, as a clause; None where it has one."""
        for field in self._taken_in:
            name, _, way = field.partition(":")
            if (value := _value(field, row)) is None:
                has_one = way and json_paths.first_value(name, row) is not None
                return name, (_NO_TIME if has_one else _MISSING).format(name)
            if self._taken_in[field] != "json" and isinstance(value, (dict, list)):
                return field, _NO_TEXT.format(field, "an object" if isinstance(value, dict) else "a list")
            if self._taken_in[field] == "header" and not HEADER_VALUE.fullmatch(str(value)):
                return field, _NO_HEADER.format(field)
            if field in self._in_path and self._is_segment(field) and str(value).strip() in ("", ".", ".."):
                return field, _NO_ADDRESS.format(field)
            # Clients resolve dots before they send, those that are percent-encoded too (RFC 3986, 6.2.2).
            if field in self._in_path and self._is_address(field, str(value)) and _DOTS.match(str(value)):
                return field, _STEP_UP.format(field)
        return None

    def _leave_out(self, row: dict[str, Any], field: str, why: str) -> None:
        if self._parent == PARENTS:
            # A record of several parents comes once with each of the others, and is one.
            lacking = hash((field, repr(row.get(field.partition(".")[0]))))
            if lacking in self._lacking:
                return
            self._lacking.add(lacking)
        self._context.leave_out(why)

    def _placeholder(self, field: str) -> str:
        return "{" + f"resources.{self._parent}.{path_field(field)}" + "}"

    def _is_segment(self, field: str) -> bool:
        """Whether the field is a whole segment of the path, which dots or nothing would take out (RFC 3986, 5.2.4)."""
        return self._placeholder(field) in re.split("[/?]", self._path)

    def _is_address(self, field: str, value: str) -> bool:
        """Whether the path begins with the field, and its value is an address."""
        is_first = self._path.startswith(self._placeholder(field))
        return is_first and is_address(value)

    def _as_path(self, row: dict[str, Any], field: str) -> str:
        """A field as the path takes it: one segment, or an address where the path begins with it and it is one."""
        value, placeholder = str(written(_value(field, row))), self._placeholder(field)
        if not self._is_address(field, value):
            is_host = _HOST.fullmatch(value) and re.match(rf"https?://{re.escape(placeholder)}(/|$)", self._path)
            return value if is_host else path_text(value, field.partition(":")[2])
        if self._path != placeholder and ("?" in value or "#" in value):
            raise MendDescription(
                f"a parent's '{field}' is an address with parameters, to which nothing can be added",
                "let it be the whole path",
                where=self._context.asset,
            )
        # Whether it is of the API's own origin is seen before anything is sent there.
        return urljoin(f"{self._base_url}/", value) if value.startswith("/") else value


def _value(field: str, row: Mapping[str, Any]) -> Any:
    """What a record has for a field, a moment as the field's format says; None where it has none."""
    name, _, way = field.partition(":")
    value = json_paths.first_value(name, row)
    if not way:
        return value
    return None if (seconds := moments.moment_of(value)) is None else moments.written(seconds, way)


def _fields_in_headers(child: Resource) -> set[str]:
    """The parent's fields that a header takes."""
    headers = Endpoint(path="", headers=child.endpoint.headers)
    return {*fields_of_parents(child.model_copy(update={"endpoint": headers}))[1]}


def _plain(values: dict[str, Any], asset: str) -> dict[str, Any]:
    if any(isinstance(one, (list, dict)) for one in values.values()):
        words = "the answer's cursor is a list or an object, which the request of a child cannot take"
        raise MendDescription(words, "let cursor_path lead to a text in it", where=asset)
    return values


def _in_window(row: dict[str, Any], window: Window) -> dict[str, Any]:
    return row | _of_cursor(window.values) | {LIST: window.name}


def _of_cursor(values: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, one in values.items():
        fields[cursor_field(key)] = NO_VALUE if one is None else one
        fields[path_cursor_field(key)] = NO_VALUE if one is None else path_text(one, key)
    return fields


def line_of(row: dict[str, Any], parent: str) -> dict[str, Any]:
    """A parent's record and those above it, each under its resource's name."""
    return row if parent == PARENTS else {**row.get(LINE, {}), parent: row}


def fields_of_answer(
    context: ListContext, selector: str, shared: Mapping[str, str], body: Any, rows: list[Any]
) -> list[dict[str, Any]]:
    """What each record of a page gets of the answer around it; what no answer has is noted.

    Args:
        context: what the resource's lists share.
        selector: what found the records.
        shared: the paths in the answer, by the name that records get.
        body: the answer's JSON.
        rows: the page's records.

    Raises:
        MendDescription: a path finds several values or may do so, and none of them belongs to one record.
    """
    beside, around = dict.fromkeys(shared), dict[str, list[Any]]()
    # What holds a record itself would have no end in it; each value is copied once for all records.
    copies: dict[int, Any] = {}
    for name, path in shared.items() if rows else ():
        came = json_paths.find_values(path, body)
        if not context.is_parent:
            context.receipt.fields.note("include_from_answer", path, bool(came))
        if holders := json_paths.holders_of(selector, path):
            around[name] = [deepcopy(one, copies) for one in json_paths.around_each(holders, selector, path, body)]
            is_known = len(around[name]) == len(rows)
        else:
            beside[name] = deepcopy(came[0], copies) if came else None
            is_known = len(came) <= 1 and not json_paths.leads_past_holders(selector, path)
        if not is_known:
            raise MendDescription(
                f"include_from_answer may find several values at '{path}', and a record gets one",
                "begin the path as data_selector does, up to what holds the record, such as groups[*].name where the "
                "records are at groups[*].rules[*]",
                where=context.asset,
            )
    if not around:
        return [beside] * len(rows)
    return [beside | dict(zip(around, values, strict=True)) for values in zip(*around.values(), strict=True)]


def refuse_other_value(
    row: Mapping[str, Any], given: Mapping[str, Any], giver: str, step: str, asset: str, page: int | None = None
) -> None:
    """Stop before what a file gives a record is written over another value of the record's own.

    Args:
        row: the record.
        given: what it is to get, by field.
        giver: what gives it, as the end of a sentence.
        step: what to do next.
        asset: the asset's name in errors.
        page: the page that the record came on, where that is known.

    Raises:
        MendDescription: names the field.
    """
    if row.keys().isdisjoint(given):
        return
    if (name := next((name for name in given if name in row and row[name] != given[name]), None)) is not None:
        place = "" if page is None else f" on page {page}"
        words = f"a record{place} has another value in its own field '{name}' than {giver}"
        raise MendDescription(words, step, where=asset)
