"""One list of the API while it is read, page by page: what came, what repeats, how it ended.

A resource without a parent is one reading; a child resource is one reading per parent. Everything is
counted here, in the stream, because the loaded table can no longer tell: a merge hides repeated rows and
missing ones alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import requests
from requests.auth import AuthBase

from messaging_assets.api_description import Endpoint
from messaging_assets.failures import MendDescription, ReadIncomplete
from messaging_assets.http.exchange import Terms
from messaging_assets.http.redaction import plain_address
from messaging_assets.receipt import Receipt, Verdict

SetAside = Callable[[Any, str, int], None]


@dataclass
class Source:
    """What the readings of one resource share.

    Args:
        asset: the asset's name in errors, `<api>.<resource>`.
        endpoint: the resource's endpoint as the file has it.
        keys: the primary key's fields that the API itself sends.
        receipt: where things are counted.
        auth: puts the secrets onto requests.
        set_aside: takes a record that cannot be loaded, with the reason and its page number.
        one_object: whether a single object is a whole answer (a single-page endpoint).
        is_parent: whether the records are only read for a child resource.
        prepare_rows: changes a page's good records in place, as a child needs them.
        repeated: collects the hashes of keys that came more than once.
    """

    asset: str
    endpoint: Endpoint
    keys: tuple[str, ...]
    receipt: Receipt
    auth: AuthBase | None
    set_aside: SetAside
    one_object: bool = False
    is_parent: bool = False
    prepare_rows: Callable[[list[Any]], None] = lambda rows: None
    repeated: set[int] = field(default_factory=set)

    @property
    def terms(self) -> Terms:
        """On what terms a request of this resource is sent."""
        return Terms(self.asset, self.endpoint, self.receipt)


class Reading:
    """One list while it is read.

    Args:
        source: what it shares with the other lists of its resource.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.asset, self.auth = source.asset, source.auth
        self.page = 0
        self.end: str | None = None
        self.joins_verified = True
        self._seen: set[int] = set()
        self._pages: set[int] = set()
        self._last_keys: list[int] = []
        self._came_again = 0
        self._rows = 0
        self._totals: list[int] = []
        self._selector: Any = None
        self.upcoming: Callable[[requests.Request], Iterable[requests.Request]] = lambda request: ()
        self.may_end_with: frozenset[int] = frozenset()

    @property
    def terms(self) -> Terms:
        """On what terms the next request is sent; declared end statuses count from the second page on."""
        paginator = self.source.endpoint.paginator
        declared = frozenset(paginator.end_status_codes if paginator and self.page else ())
        return replace(self.source.terms, end_statuses=declared | self.may_end_with)

    def ahead(self, request: requests.Request) -> Iterable[requests.Request]:
        """Requests for the pages after this one that can be sent already."""
        return self.upcoming(request)

    @property
    def total(self) -> int | None:
        """What the API said last of how many rows it has; None where it said nothing to be believed."""
        return self._totals[-1] if self._totals else None

    @property
    def distinct(self) -> int:
        """Different records so far, by key where there is one."""
        return len(self._seen) if self.source.keys else self._rows

    def take(self, response: Any, rows: list[Any], overlap: int = 0) -> int:
        """Judge one page and clean it in place: what cannot be loaded is set aside, what overlaps is dropped.

        Args:
            response: the answer.
            rows: the page's list as dlt selected it; changed in place.
            overlap: how many of its first rows should repeat the page before.

        Returns:
            How many rows the server sent, which is how far the list has advanced.

        Raises:
            MendDescription: the selector finds no list of objects.
            ReadIncomplete: the page repeats one that came before.
        """
        self._check_selection(response, rows)
        self.page += 1
        self.source.receipt.pages += 1
        sent = len(rows)
        self.source.receipt.rows_read += 0 if self.source.is_parent else sent
        self._check_objects(rows, response)
        keys = self._keys_of(rows)
        if overlap:
            self._verify_join(rows, keys, overlap)
        self._note(keys, rows)
        self.source.prepare_rows(rows)
        return sent

    def announce(self, total: Any) -> None:
        """Note what the API says it has; texts that are numbers count, anything else is no statement."""
        if isinstance(total, str) and total.strip().isdigit():
            total = int(total)
        if isinstance(total, int) and not isinstance(total, bool) and total >= 0:
            self._totals.append(total)

    def ended(self, how: str) -> None:
        """The list is over, and this is how that is known."""
        if self.end is not None:
            return
        self.end = how
        receipt, source = self.source.receipt, self.source
        receipt.ends[how] += 1
        if source.is_parent:
            receipt.parents = (receipt.parents or 0) + self.distinct
        else:
            receipt.distinct_keys += self.distinct
            if self.total is not None and source.endpoint.total != "ignore":
                receipt.announced(self.total)
        verdict, reason = self._finding(how)
        receipt.found(verdict, f"{'parents: ' if source.is_parent else ''}{reason}")

    def cut_short(self, why: str) -> None:
        """The list was left before its end, by a cap."""
        if self.end is None:
            self.end = why
            self.source.receipt.ends[why] += 1
            self.source.receipt.found(Verdict.INCOMPLETE, why)

    def _finding(self, how: str) -> tuple[Verdict, str]:
        policy, distinct = self.source.endpoint.total, self.distinct
        totals = [] if policy == "ignore" else self._totals
        if totals and distinct < min(totals):
            return Verdict.INCOMPLETE, (
                f"the API says it has {totals[-1]} rows, {distinct} different ones came ({how}); "
                "set endpoint.total to ignore if its count is not to be believed"
            )
        if totals and min(totals) != max(totals):
            return Verdict.UNKNOWN, f"total moved from {totals[0]} to {totals[-1]} while it was read"
        if self._came_again:
            return (
                Verdict.UNKNOWN,
                f"{self._came_again} rows came twice, so rows moved between pages while it was read",
            )
        if not self.joins_verified:
            return Verdict.UNKNOWN, "the rows at a page join were not the same when asked for again"
        if totals and policy == "exact" and distinct != totals[-1]:
            return (
                Verdict.UNKNOWN,
                f"the API says it has exactly {totals[-1]} rows, {distinct} different ones came",
            )
        if self._is_proven(totals):
            return Verdict.PROVEN, f"all {distinct} rows came, {how}"
        return (
            Verdict.READ_TO_THE_END,
            f"{how}; the API gives no means to exclude that rows moved between pages",
        )

    def _is_proven(self, totals: list[int]) -> bool:
        if self.page <= 1 and self.source.one_object:
            return True
        paginator = self.source.endpoint.paginator
        if getattr(paginator, "overlap", 0):
            return True
        return bool(totals) and self.source.endpoint.total == "exact" and bool(self.source.keys)

    def _check_selection(self, response: Any, rows: list[Any]) -> None:
        from dlt.common import jsonpath

        selector = self.source.endpoint.data_selector or self._detected(response)
        found = jsonpath.find_values(selector.removesuffix("[*]") or "$", response.parsed)
        value = found[0] if len(found) == 1 else found
        if found and isinstance(value, list):
            return
        if found and isinstance(value, dict) and self.source.one_object:
            if not self.source.keys or all(key in value for key in self.source.keys):
                return
        what = f"finds {_kind(value)}" if found else "finds nothing"
        raise MendDescription(
            f"{self.asset}: the selector '{selector}' {what} where a list of objects was expected, on page "
            f"{self.page + 1} of {plain_address(response.url)} ({_outline(response.parsed)}); compare data_selector "
            "with what the API sends now, or say in the file what an error inside a 200 looks like (error_in_body)."
        )

    def _detected(self, response: Any) -> str:
        """dlt's own detection, made once, on the first page."""
        if self._selector is None:
            from dlt.sources.helpers.rest_client.detector import find_response_page_data

            path, _ = find_response_page_data(response.parsed)
            self._selector = ".".join(path) or "$"
        return str(self._selector)

    def _check_objects(self, rows: list[Any], response: Any) -> None:
        if all(type(row) is dict for row in rows):
            return
        objects = [row for row in rows if isinstance(row, dict)]
        if not objects:
            raise MendDescription(
                f"{self.asset}: the list on page {self.page} of {plain_address(response.url)} holds no objects but "
                f"{_kind(rows[0])}; point data_selector at the list of records."
            )
        for row in rows:
            if not isinstance(row, dict):
                self._set_aside(row, "not an object")
        rows[:] = objects

    def _keys_of(self, rows: list[Any]) -> list[int]:
        """A hash of each row's key, in order; rows without one are set aside."""
        names = self.source.keys
        if not names:
            return [
                hash(orjson.dumps(row, default=str)) if _is_plain(row) else hash(repr(row)) for row in rows
            ]
        keys: list[int] = []
        without: list[int] = []
        for place, row in enumerate(rows):
            key = tuple(row.get(name) for name in names)
            if None in key or any(isinstance(part, (dict, list)) for part in key):
                without.append(place)
            else:
                keys.append(hash(key))
        for place in reversed(without):
            row = rows.pop(place)
            self._set_aside(row, f"no {'/'.join(names)}")
        return keys

    def _set_aside(self, row: Any, reason: str) -> None:
        # It came, so it counts as read when the API's own count is compared.
        self._seen.add(hash((reason, self.page, id(row))))
        self.source.set_aside(row, reason, self.page)

    def _verify_join(self, rows: list[Any], keys: list[int], overlap: int) -> None:
        expected = self._last_keys[-overlap:]
        if self.page == 1 or not expected:
            return
        if keys[: len(expected)] != expected:
            self.joins_verified = False
            return
        del rows[: len(expected)], keys[: len(expected)]

    def _note(self, keys: list[int], rows: list[Any]) -> None:
        fresh: set[int] = set()
        again = [key for key in keys if key in self._seen or key in fresh or fresh.add(key)]  # type: ignore[func-returns-value]
        signature = hash(tuple(keys))
        if keys and (signature in self._pages or (self.source.keys and not fresh and self.page > 1)):
            raise ReadIncomplete(
                f"{self.asset}: page {self.page} repeats rows of an earlier page and brings nothing new, so the API "
                "ignores the paging parameter or repeats its link; correct the paginator in the file."
            )
        if again:
            self.source.repeated.update(again)
            self.source.receipt.duplicates += 0 if self.source.is_parent else len(again)
            # A key twice within one page is the API's data; twice across pages, something moved.
            self._came_again += sum(1 for key in again if key in self._seen) if self.source.keys else 0
        self._pages.add(signature)
        self._seen.update(keys)
        self._rows += len(rows)
        self._last_keys = keys


def _is_plain(row: Any) -> bool:
    try:
        orjson.dumps(row, default=str)
    except (TypeError, ValueError):
        return False
    return True


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, (int, float)) else "several things")


def _outline(body: Any) -> str:
    """What the body looks like: its keys, never its values."""
    if isinstance(body, dict):
        keys = [str(key)[:40] for key in body][:10]
        return f"the answer has the keys {', '.join(keys)}" if keys else "the answer is an empty object"
    return f"the answer is {_kind(body)}"
