"""What all lists of one resource share while they are read: one list a parent, or the only one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from requests.auth import AuthBase

from messaging_assets.description.api import Endpoint, Incremental
from messaging_assets.description.pagination import OffsetPaginator, SinglePagePaginator
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.redaction import plain_address, plain_origin
from messaging_assets.http.wire.terms import AnswersOfJobs, Terms
from messaging_assets.reading.changed_parents import ParentChanges
from messaging_assets.reading.cursors.marks import CursorMarks, cursor_of
from messaging_assets.reading.cursors.time_windows import Window
from messaging_assets.reading.evidence.seen_keys import SentKeys
from messaging_assets.reading.receipt import Receipt, Verdict
from messaging_assets.reading.resume_point import KeptRead

SetAside = Callable[[Any, str, int], None]
_UNCHANGED = "lists of parents that did not change since they were loaded were not asked for (only_changed_parents)"
_UNTOLD = "parents were asked for their lists whose records do not have the field that tells whether they changed"


@dataclass
class ListsSoFar:
    """What is known of a resource's lists while they are read.

    Args:
        interrupted: how far an earlier, interrupted read had committed to.
        finished: lists that came to an end beyond doubt, with how many different records they have.
        current: the `Reading` that is under way, which is built of this; None where none is.
        is_start_known: whether it is known with which number the API's pages begin.
        header: that of the last answer with a row, where answers are tables; None where they have no header.
        windows: those whose first request is about to leave, by name.
        windows_read: how many were read to their end.
        is_heard: whether anybody hears of the rows; where only requests are wanted, they need not meet the cursor.
        begun_as: the number of the context with which the list was read ahead before its turn; 0 where it was not.
        jobs: answers requests with the files of the jobs that they begin; None where they are answered with pages.
        unless: what the API called the list that is in the table; None where it is asked for in any case.
        validator: what it calls the list that came, if it came on one page.
    """

    interrupted: KeptRead = field(default_factory=KeptRead)
    finished: dict[str, int] = field(default_factory=dict)
    current: Any = None
    is_start_known: bool = True
    header: tuple[str, ...] | None = None
    windows: dict[str, Window] = field(default_factory=dict)
    windows_read: int = 0
    is_heard: bool = True
    begun_as: int = 0
    jobs: AnswersOfJobs | None = None
    unless: str | None = None
    validator: str | None = None


@dataclass
class ListContext:
    """What the readings of one resource share.

    Args:
        asset: the asset's name in errors, `<api>.<resource>`.
        endpoint: the resource's endpoint as the file has it.
        keys: the primary key's fields that the API itself sends.
        receipt: where things are counted.
        auth: puts the secrets onto requests.
        set_aside: takes a record that cannot be loaded, with the reason and its page number.
        is_parent: whether the records are only read for a child resource.
        sent_keys: notes which keys came more than once.
        so_far: what is known of the lists that were read.
        marks: how far each list has come; None where there is no cursor.
        changes: which parents changed; None where every parent is asked for its list.
        shown_path: what stands in errors for an address that nobody may see; None where it is shown itself.
    """

    asset: str
    endpoint: Endpoint
    keys: tuple[str, ...]
    receipt: Receipt
    auth: AuthBase | None
    set_aside: SetAside
    is_parent: bool = False
    sent_keys: SentKeys = field(default_factory=SentKeys)
    so_far: ListsSoFar = field(default_factory=ListsSoFar)
    marks: CursorMarks | None = None
    changes: ParentChanges | None = None
    shown_path: str | None = None

    def __post_init__(self) -> None:
        # A look at a list begins where a first sync would.
        if self.marks is None and self.incremental is not None:
            self.marks = CursorMarks(self.asset, self.incremental, self.keys, {}, takes_repeats=True)

    def shown(self, url: str | None) -> str:
        """An address as errors show it."""
        return plain_address(url) if self.shown_path is None else f"{plain_origin(url)}/.../{self.shown_path}"

    @property
    def number(self) -> int:
        """Tells it from all others of a session."""
        return self.so_far.begun_as or id(self)

    @property
    def terms(self) -> Terms:
        """On what terms a request of this resource is sent."""
        return Terms(self.asset, self.endpoint, self.receipt, shown=self.shown, takes_parts=takes_parts(self.endpoint))

    @property
    def one_object(self) -> bool:
        """Whether a single object is a whole answer (a single-page endpoint)."""
        return isinstance(self.endpoint.paginator, SinglePagePaginator)

    @property
    def overlap(self) -> int:
        """How many rows are asked for again at a page join.

        An exact total alone does not show that nothing slipped between two pages; one row of overlap does.
        """
        paginator = self.endpoint.paginator
        if not isinstance(paginator, OffsetPaginator):
            return 0
        return paginator.overlap or int(self.endpoint.total == "exact" and paginator.size > 1)

    def prepare_rows(self, rows: list[Any]) -> None:
        """Change a page's good records in place, before their lists are read or they are loaded."""

    def is_wanted(self, name: str, row: dict[str, Any], parent: str) -> bool:
        """Whether a list is to be read: its parent's record changed, and the interrupted read did not finish it."""
        self.receipt.lists_named[self.asset] += 1
        if name in self.so_far.interrupted.finished:
            return False
        if self.changes is None:
            return True
        if not self.changes.is_told(row, parent):
            self.receipt.parents_untold = (self.receipt.parents_untold or 0) + 1
            self.receipt.found(Verdict.READ_TO_THE_END, _UNTOLD)
        if self.changes.is_changed(name, row, parent):
            return True
        self.receipt.parents_same = (self.receipt.parents_same or 0) + 1
        self.receipt.found(Verdict.READ_TO_THE_END, _UNCHANGED)
        return False

    def came_again(self, name: str, row: dict[str, Any], parent: str) -> None:
        """Another record asks for a list that was asked for."""
        if self.changes is not None:
            self.changes.came_again(name, row, parent)

    def leave_out(self, reason: str) -> None:
        """A parent has no list that could be asked for."""
        self.receipt.parent_left_out(reason, self.asset)

    def doubt(self, why: str, step: str) -> None:
        """Something says that rows of a list may be missing, and nothing whether they are."""
        self.receipt.found(Verdict.UNKNOWN, why, step, of_parents=self.is_parent)

    def cursor_values(self, name: str) -> dict[str, Any]:
        """What `{incremental.<name>}` means in a request for the list of this name."""
        return self.marks.cursor(name).values if self.marks else {}

    def windows_of(self, name: str) -> Iterator[Window]:
        """The windows of a list, each when the one before it was read, without those that were read before."""
        assert self.marks is not None
        every = self.marks.windows(name)
        every.doubts_before = self.receipt.doubts
        for window in every:
            if window.name in self.so_far.interrupted.finished:
                window.is_read = True
                continue
            self.so_far.windows[window.name] = window
            yield window

    def newest_window(self, name: str) -> Window:
        """The last window of a list, for a look at what is new."""
        assert self.marks is not None
        return self.marks.windows(name).newest

    def newer(self, rows: list[Any], name: str, page: int) -> list[Any]:
        """Those of a list's rows that are not behind its mark; the others are counted."""
        if self.marks is None:
            return rows
        cursor = self.marks.cursor(name)
        cursor.known.by_key.came(rows)
        newer = cursor.newer(rows, page)
        cursor.known.are_all = cursor.known.are_all and not newer
        if cursor.is_disordered:
            words = "rows came in another order than row_order says, so the list was not left early"
            self.receipt.found(Verdict.READ_TO_THE_END, words)
        self.receipt.before_mark(len(rows) - len(newer))
        if len(newer) < len(rows):
            self.receipt.found(
                Verdict.READ_TO_THE_END,
                "rows came that were left out: behind the cursor's mark, out of its range or without a value of it",
            )
        return newer

    def note_cursors(self, rows: list[Any]) -> None:
        """Let the receipt show how far the cursor values of these rows reach."""
        if self.incremental is None or self.marks is None or self.is_parent or not self.so_far.is_heard:
            return
        path = self.incremental.cursor_path
        values = [value for row in rows for value in json_paths.find_values(path, row) if value is not None]
        self.receipt.met_cursors(self.marks.order.told(values), self.marks.order.key)

    @cached_property
    def incremental(self) -> Incremental | None:
        """The endpoint's cursor, in either of dlt's spellings."""
        return cursor_of(self.endpoint)


def takes_parts(endpoint: Endpoint) -> bool:
    """Whether a long answer is judged in parts: it is the only page, or a job's file, and the file looks into no list.

    Of an answer in parts everything is known but the records of the others.
    """
    paginator, written = endpoint.paginator, endpoint.format
    if not isinstance(paginator, SinglePagePaginator) or paginator.end_path is not None:
        return False
    # Others look into the whole answer.
    actions = endpoint.response_actions
    if any(callable(one) or callable(one.action) or one.path or one.content for one in actions):
        return False
    to_list = (endpoint.data_selector or "$").removesuffix("[*]") or "$"
    if to_list != "$" and not json_paths.are_names(to_list):
        return False
    cursor, error = cursor_of(endpoint), endpoint.error_in_body
    paths = [
        paginator.rows_total_path,
        paginator.has_more_path,
        *endpoint.include_from_answer.values(),
        written.columns_path if written else None,
        error.path if error else None,
        cursor.cursor_path if cursor and cursor.cursor_in in ("answer", "link") else None,
    ]
    return all(path is None or _is_beside(path, to_list) for path in paths)


def _is_beside(path: str, to_list: str) -> bool:
    """Whether a path leads to something beside a list, and not into it."""
    if not json_paths.are_names(path) or to_list == "$":
        return json_paths.are_names(path)
    own, of = json_paths.names_in(path), json_paths.names_in(to_list)
    return own[: len(of)] != of[: len(own)]
