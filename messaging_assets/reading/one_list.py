"""One list of the API while it is read, page by page: what came, what repeats, how it ended.

A resource without a parent is one reading; a child resource is one reading per parent. Everything is
counted here, in the stream, because the loaded table can no longer tell: a merge hides repeated rows and
missing ones alike.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import requests
from requests.auth import AuthBase

from messaging_assets.answers.beside_list import Leaf, beside, in_headers, list_names
from messaging_assets.answers.list_shapes import to_objects
from messaging_assets.answers.record_keys import digest_of, key_parts, keys_of, whole_number
from messaging_assets.answers.signs_of_more import Signs, asked_sizes, is_full, signs_of_more
from messaging_assets.answers.watched_counts import WatchedCounts, words_of
from messaging_assets.description.api import Endpoint, Incremental
from messaging_assets.description.pagination import OffsetPaginator
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import PagesRepeat
from messaging_assets.foundation.redaction import plain_address, plain_origin
from messaging_assets.http.exchange import Terms
from messaging_assets.reading.cursors.marks import CursorMarks, cursor_of
from messaging_assets.reading.receipt import Finding, Receipt, Verdict
from messaging_assets.reading.resume_point import CannotResume, KeptRead, Place
from messaging_assets.reading.seen_keys import SeenKeys
from messaging_assets.reading.selection import check_objects, check_selection, sent_by_server
from messaging_assets.reading.verdict import Facts, judge

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
        interrupted: how far an earlier, interrupted read had committed to.
        finished: lists that came to an end beyond doubt, with how many different records they have.
        current: the list that is being read.
        marks: how far each list has come; None where there is no cursor.
        shown_path: what stands in errors for an address that nobody may see; None where it is shown itself.
        is_start_known: whether it is known with which number the API's pages begin.
        counts_repeats: whether the reading counts what came again; else it is counted behind the processing steps.
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
    interrupted: KeptRead = field(default_factory=KeptRead)
    finished: dict[str, int] = field(default_factory=dict)
    current: Reading | None = None
    marks: CursorMarks | None = None
    shown_path: str | None = None
    counts_repeats: bool = True
    is_start_known: bool = True

    def __post_init__(self) -> None:
        # Who only looks at a list begins where a first sync would.
        if self.marks is None and self.incremental is not None:
            self.marks = CursorMarks(self.asset, self.incremental, self.keys, {}, takes_repeats=True)

    def shown(self, url: str | None) -> str:
        """An address as errors show it."""
        return plain_address(url) if self.shown_path is None else f"{plain_origin(url)}/.../{self.shown_path}"

    @property
    def terms(self) -> Terms:
        """On what terms a request of this resource is sent."""
        return Terms(self.asset, self.endpoint, self.receipt, shown=self.shown)

    @property
    def overlap(self) -> int:
        """How many rows are asked for again at a page join.

        An exact total alone does not show that nothing slipped between two pages; one row of overlap does.
        """
        paginator = self.endpoint.paginator
        if not isinstance(paginator, OffsetPaginator):
            return 0
        return paginator.overlap or int(self.endpoint.total == "exact" and paginator.limit > 1)

    def is_wanted(self, name: str) -> bool:
        """Whether a list is to be read; the interrupted read may have done so."""
        return name not in self.interrupted.finished

    def cursor_values(self, name: str) -> dict[str, Any]:
        """What `{incremental.<name>}` means in a request for the list of this name."""
        return self.marks.cursor(name).values if self.marks else {}

    def newer(self, rows: list[Any], name: str, page: int) -> list[Any]:
        """Those of a list's rows that are not behind its mark; the others are counted."""
        if self.marks is None:
            return rows
        cursor = self.marks.cursor(name)
        newer = cursor.newer(rows, page)
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

    @cached_property
    def incremental(self) -> Incremental | None:
        """The endpoint's cursor, in either of dlt's spellings."""
        return cursor_of(self.endpoint)


class Reading:
    """One list while it is read.

    Args:
        source: what it shares with the other lists of its resource.
        name: which of them it is; empty for a resource without a parent.

    Attributes:
        resume_at: the place where the list goes on; None where it begins.
        page: how many pages came.
        empty_pages: how many of them, up to the last, came without a row.
        end: how the list ended; None while it goes on.
        upcoming: makes the requests that may leave ahead of their turn.
        may_end_with: statuses that mean "past the last page" from here on.
        back: how many rows of the page before the next page was asked to repeat.
        position: the offset, number, cursor or link of the page that is about to come.
        is_left: whether a response action ended the list before its end.
        may_repeat: whether the last page once more means "past the last page" from here on.
        is_more_said: whether the page that came last says that there is more.
        counts: every number beside the list that counts its rows.
        doubt: what says that the list goes on, although it ended, as a clause.
        signs: what the answer that came last says of more.
        look: how the list ended, while a page is asked for that only tells whether it moved or began elsewhere.
        is_overlap_tried: whether the next page is the first that was asked to repeat rows, unless the file says so.
        is_overlap_refused: whether the API answered that with the page before, as where it takes whole pages only.
        joins_pages: whether pages repeat a row though the file does not ask for it.
        is_end_short: whether a page with nothing but that row is the end.
        may_begin_with_last: whether a page may begin with the last rows of the page before, as it is asked for by them.
        is_nothing_new: whether the page that came last held nothing but rows that had come.
    """

    def __init__(self, source: Source, name: str = "") -> None:
        self.source, self.name = source, name
        self.resume_at = source.interrupted.place if source.interrupted.name == name else None
        self.cursor = source.marks.cursor(name) if source.marks else None
        self.asset, self.auth = source.asset, source.auth
        self.page = self.empty_pages = 0
        self.end: str | None = None
        self.upcoming: Callable[[requests.Request], Iterable[requests.Request]] = lambda request: ()
        self.may_end_with: frozenset[int] = frozenset()
        self.may_repeat, self.back = False, 0
        self.is_left = self.is_more_said = False
        self.counts = WatchedCounts()
        self.doubt: str | None = None
        self.signs = Signs()
        self._beside: list[Leaf] = []
        self.look: str | None = None
        self.is_overlap_tried = self.is_overlap_refused = self.joins_pages = self.is_end_short = False
        self.may_begin_with_last = self.is_nothing_new = False
        self._first_keys: list[int] = []
        self._moved: str | None = None
        self._seen = SeenKeys()
        self._pages: set[int] = set()
        self._last_keys: list[int] = []
        self._came_again = self._rows = self._full_pages = self._stale_pages = 0
        self._sent = self._most_sent = 0
        self._is_refused = False
        self._totals: list[int] = []
        self._selector: str | None = None
        self._joins: Counter[str] = Counter()
        self._before = 0
        self.position: Any = None
        self._stands: tuple[Place, list[list[Any]]] | None = None
        self._stood: tuple[Place, list[list[Any]]] | None = None

    def begin(self) -> None:
        """The first request is about to leave; from here on the list must be ended to count as read."""
        self.source.current = self
        # A list that was finished before an interruption is known.
        self.source.receipt.lists_begun += bool(self.name) and not self.source.is_parent
        self.source.receipt.lists_open += 1

    @property
    def terms(self) -> Terms:
        """On what terms the next request is sent; declared end statuses count from the second page on."""
        paginator = self.source.endpoint.paginator
        declared = frozenset(paginator.end_status_codes if paginator and self.page else ())
        ends = declared | self.may_end_with
        return replace(self.source.terms, end_statuses=ends, page=self.page + 1, is_look=self.look is not None)

    def ahead(self, request: requests.Request) -> Iterable[requests.Request]:
        """Requests for the pages after this one that can be sent already."""
        return self.upcoming(request)

    @property
    def total(self) -> int | None:
        """What the API said last of how many rows it has; None where it said nothing to be believed."""
        return self._totals[-1] if self._totals else None

    @property
    def distinct(self) -> int:
        """Different records so far, those set aside included; without a key every record is its own."""
        return self._before + (len(self._seen) if self.source.keys else self._rows)

    def take(self, response: Any, rows: list[Any]) -> int:
        """Judge one page and clean it in place: what cannot be loaded is set aside, what overlaps is dropped.

        Args:
            response: the answer.
            rows: the page's list as dlt selected it; changed in place.

        Returns:
            How many rows the server sent, which is how far the list has advanced.

        Raises:
            MendDescription: the selector finds no list of objects.
            ReadIncomplete: the page repeats one that came before.
        """
        self._selector = check_selection(self.source, response, self.page + 1, self._selector)
        self.page += 1
        self.source.receipt.pages += 1
        to_objects(self._selector, self.source.keys, response.parsed, rows)
        check_objects(self.source, response, self.page, rows)
        if self.cursor:
            self.cursor.take_answer(response.parsed, rows, self.page)
        sent = self._sent = sent_by_server(self._selector, response.parsed, rows)
        self._most_sent = max(self._most_sent, sent)
        self.empty_pages = 0 if sent else self.empty_pages + 1
        keys, bad = keys_of(rows, self.source.keys)
        if self.resume_at is not None and self.page == 1:
            return self._resumed(self.resume_at, rows, keys)
        sent_keys = key_parts(rows, self.source.keys)
        again = self._seen.among(set(keys))
        if self.is_overlap_tried and len(keys) > self.back and hash(tuple(keys)) in self._pages:
            self.is_overlap_tried, self.is_overlap_refused = False, True
            rows.clear()
            return 0
        self.is_overlap_tried = False
        self._first_keys = self._first_keys or keys[:]
        self.is_nothing_new = bool(self.source.keys) and not set(keys) - again
        if sent and self._is_repeated(keys, again):
            rows.clear()
            return 0
        whole = keys[:]
        if self.may_begin_with_last and not self.back and self._is_boundary(again):
            kept = [place for place, key in enumerate(keys) if key not in again]
            bad = {new: bad[old] for new, old in enumerate(kept) if old in bad}
            rows[:], keys[:] = [rows[place] for place in kept], [keys[place] for place in kept]
            again = set()
        if self._last_keys:
            self._join(rows, keys, bad, again)
        self._note(rows, keys, bad, again)
        self._last_keys = whole
        self._note_place(sent_keys, len(whole))
        self.source.prepare_rows(rows)
        if self.cursor and (self.name or self.source.is_parent):
            rows[:] = self.source.newer(rows, self.name, self.page)
        return sent

    def watch(self, response: Any) -> None:
        """Note what the answer says beside the list: counts, and signs of more."""
        to_list = list_names(self._selector or self.source.endpoint.data_selector)
        self._beside = [*beside(response.parsed, to_list), *in_headers(response.headers)]
        if self.page == 1:
            names = [*to_list[-1:], self.asset.partition(" ")[0].rpartition(".")[2]]
            self.counts = WatchedCounts(words_of(*names))
        self.counts.page(self._beside, self._sent)
        asked = [*self._asked.values(), self.position]
        self.signs = signs_of_more(self._beside, response.headers, self.page, asked)

    def look_beside(self, response: Any) -> None:
        """Note what an answer without the list says of more."""
        to_list = list_names(self._selector or self.source.endpoint.data_selector)
        leaves = [*beside(response.parsed, to_list), *in_headers(response.headers)]
        self.signs = signs_of_more(leaves, response.headers, self.page, [*self._asked.values(), self.position])
        if self.signs.link and not self.signs.is_end_said:
            self.doubt = f"{self.signs.link} names a next page"

    @property
    def asked_sizes(self) -> list[int]:
        """How many rows a page was asked to have, by the parameters' names."""
        return [size for size in map(whole_number, asked_sizes(self._asked)) if size]

    @property
    def _asked(self) -> dict[str, Any]:
        endpoint = self.source.endpoint
        return {**(endpoint.json_body or {}), **endpoint.params}

    @property
    def sent(self) -> int:
        """How many rows the server sent on the page that came last."""
        return self._sent

    def is_full(self, is_by_links: bool) -> bool:
        """Whether the page that came last holds as many rows as a page can."""
        return is_full(self._sent, self._beside, self._asked, is_by_links)

    @property
    def is_counted(self) -> bool:
        """Whether the API gives a count of all rows or pages, declared or not, that is to be believed."""
        return self.source.endpoint.total != "ignore" and (bool(self._totals) or self.counts.is_any)

    @property
    def is_whole_by_count(self) -> bool:
        """Whether a total says that what came is all."""
        return self.source.endpoint.total != "ignore" and self.counts.agrees(self._before + self._rows)

    def _resumed(self, place: Place, rows: list[Any], keys: list[int]) -> int:
        """Go on behind the last committed page, once it has shown that it is still where it was."""
        sent_keys = key_parts(rows, self.source.keys)
        if (digest_of(sent_keys), len(keys)) != (place.digest, place.rows):
            raise self.cannot_resume("the list has changed before the checkpoint")
        self.page, self._before = place.page, place.distinct - len(set(keys))
        self._totals, self._came_again, self._joins = list(place.totals), place.came_again, Counter(dict(place.joins))
        self._seen, self._rows, self._last_keys = SeenKeys(keys), len(keys), keys
        self._pages.add(hash(tuple(keys)))
        self._full_pages = place.page
        self.source.receipt.resumed(place.distinct, again=len(rows))
        self._note_place(sent_keys, len(keys))
        rows.clear()
        return place.rows

    def _note_place(self, sent_keys: list[list[Any]], rows: int) -> None:
        self._stood = self._stands
        totals = tuple(dict.fromkeys((*self._totals[:1], *self._totals[-1:])))
        joins = tuple(self._joins.items())
        place = Place(self.position, self.page, self.distinct, "", rows, totals, self._came_again, joins)
        self._stands = place, sent_keys

    @property
    def place_before(self) -> Place | None:
        """Where the read stood before the page that came last; the digest is made only when somebody asks."""
        return replace(self._stood[0], digest=digest_of(self._stood[1])) if self._stood else None

    @property
    def is_resuming(self) -> bool:
        """Whether the kept place is asked for and did not come yet."""
        return self.resume_at is not None and not self.page

    def cannot_resume(self, why: str) -> CannotResume:
        """What to raise when the kept place is none any more; the receipt says so."""
        self.source.receipt.not_resumed = why
        return CannotResume(f"{self.asset}: {why}; it is read from its start.", is_anew=not self.name)

    def begin_overlap(self) -> None:
        """From the next page on pages repeat a row, which the API may not take."""
        self.joins_pages = self.is_overlap_tried = True
        # A count that turned out to be the page's own had passed for one of the list.
        self._joins["unseen"] += self.page - 1

    def looked(self, rows: list[Any]) -> tuple[bool, bool]:
        """Compare a page that was looked at once more with what came.

        Returns:
            Whether it holds records at all, and whether one of them came before.
        """
        keys, bad = keys_of(rows, self.source.keys)
        good = [key for place, key in enumerate(keys) if place not in bad]
        return bool(good), bool(self._seen.among(set(good)))

    def compare_first_page(self, rows: list[Any]) -> None:
        """Note it when rows of the first page are gone or stand elsewhere; new ones between them lose no other."""
        keys, _ = keys_of(rows, self.source.keys)
        seen = self._seen.among(set(keys))
        still = [key for key in keys if key in seen]
        if still != self._first_keys[: len(still)] or not keys:
            self._moved = "the first page holds other rows than when it was read, so the list moved meanwhile"

    @property
    def is_uncounted(self) -> bool:
        """Whether no number beside the list counts its rows or pages, so that nothing shows when it moves."""
        return not self._totals and not self.counts.is_any

    @property
    def pages_with_rows(self) -> int:
        """How many pages held any rows."""
        return self._full_pages

    @property
    def most_sent(self) -> int:
        """The rows of the longest page."""
        return self._most_sent

    def announce(self, total: Any) -> None:
        """Note what the API says it has; texts that are numbers count, anything else is no statement."""
        if (number := whole_number(total)) is not None:
            self._totals.append(number)

    def ended(self, how: str, finding: Finding | None = None, is_early: bool = False) -> None:
        """The list is over.

        Args:
            how: how that is known.
            finding: what follows from it where that is not for the counts to say.
            is_early: whether rows follow that nobody asks for.
        """
        if self.end is not None:
            return
        self.end, receipt, source = how, self.source.receipt, self.source
        receipt.lists_open -= 1
        receipt.ends[how] += 1
        if source.is_parent:
            receipt.parents = (receipt.parents or 0) + self.distinct
        else:
            receipt.distinct_keys += self.distinct
            if self.total is not None and source.endpoint.total != "ignore" and not is_early:
                receipt.announced(self.total)
        judged = None if is_early else judge(self._facts(), how)
        worst = max((one for one in (finding, judged) if one), key=lambda one: one.verdict)
        if worst.verdict <= Verdict.READ_TO_THE_END and not self.is_left:
            source.finished[self.name] = self.distinct
        # The rows of the resource's own list without a parent meet its cursor behind the steps, when this is over.
        if source.marks and (self.name or source.is_parent):
            moves = worst.verdict < Verdict.INCOMPLETE and not self.is_left
            source.marks.close(self.name, moves, is_in_doubt=worst.moved)
        reason = f"{'parents: ' if source.is_parent else ''}{worst.reason}"
        receipt.found(worst.verdict, reason, worst.moved, is_left=self.is_left and not self.page)

    def refused(self, how: str) -> None:
        """The API refused a page, or left its list out, in the way that the file declares as the end of the list."""
        if self.look is not None:
            self.ended(self.look)
            return
        if self.back:
            self._joins["open"] += 1
        self._is_refused = True
        if self.signs.said and not self.may_end_with and not self.is_whole_by_count and not self.is_more_said:
            self.doubt = self.signs.said
        self.ended(how)

    def ignored(self, how: str) -> None:
        """A response action let a request go unanswered, which says nothing of the rows behind it."""
        if self.look is not None:
            self.ended(self.look)
            return
        if self.is_resuming:
            raise self.cannot_resume(f"the API answers the place that was kept with {how}")
        self.is_left = True
        if not self.page:
            self.source.receipt.left.add(hashlib.sha256(f"{self.asset}\n{self.name}".encode()).hexdigest()[:16])
        self.source.receipt.lists_ignored += bool(self.name) and not self.source.is_parent and not self.page
        self.ended(how, Finding(Verdict.UNKNOWN, f"the list was left after page {self.page} by {how}"))

    def is_behind_cursor(self) -> bool:
        """Whether the rows that follow are behind the cursor's mark, because they come in its order; ends the list."""
        if self.cursor is None or not self.cursor.is_past:
            return False
        how = "the rows that follow are outside the cursor's range"
        self.ended(how, Finding(Verdict.READ_TO_THE_END, "the rows came in the order of the cursor"), is_early=True)
        return True

    def cut_short(self, why: str) -> None:
        """The list was left before its end, by a cap."""
        self.ended(why, Finding(Verdict.INCOMPLETE, why))

    @property
    def missed(self) -> str | None:
        """That a count of all rows is larger than what came, as a clause; None where none is."""
        source = self.source
        # What the API counts may be more than what a cursor or a filter takes of it.
        is_part = source.incremental or "?" in (source.endpoint.data_selector or "")
        if is_part or source.endpoint.total == "ignore" or self.is_one_object or self.is_left or self._totals:
            return None
        return self.counts.more_than(self._before + self._rows)

    def _counts_moved(self, rows: int) -> str | None:
        moved = self.counts.moved(rows)
        return f"{moved}; set endpoint.total to ignore if its count is not to be believed" if moved else None

    def _facts(self) -> Facts:
        source = self.source
        is_believed = source.endpoint.total != "ignore" and not self.is_one_object
        rows = self._before + self._rows
        return Facts(
            policy=source.endpoint.total,
            totals=tuple(self._totals),
            distinct=self.distinct,
            joins=self._joins,
            came_again=self._came_again,
            pages_with_rows=self._full_pages,
            has_keys=bool(source.keys),
            is_one_object=self.is_one_object,
            is_resumed=self.resume_at is not None,
            is_end_short=self.is_end_short,
            is_overlap_own=self.joins_pages,
            is_refused=self._is_refused,
            # An announced number of pages names the last one too.
            is_open_ended=self._is_refused and not self.may_end_with and not self._is_short,
            is_more_said=self.is_more_said and not self.may_end_with and not self.is_left,
            moved=self._moved or (self._counts_moved(rows) if is_believed else None),
            missed=self.missed,
            doubt=None if self.is_one_object or self.is_left else self.doubt,
        )

    @property
    def is_one_object(self) -> bool:
        """Whether the list is a single object, which is whole by nature."""
        return self.source.one_object and self.page <= 1 and self._selector == "$"

    @property
    def _is_short(self) -> bool:
        """Whether the page that came last has fewer rows than the others, or, as the only one, than asked for."""
        if self.page > 1:
            return self._sent < self._most_sent
        paginator, params = self.source.endpoint.paginator, self.source.endpoint.params
        asked = [paginator.limit] if isinstance(paginator, OffsetPaginator) else map(whole_number, params.values())
        return self._sent < min((size for size in asked if size), default=0)

    def _is_repeated(self, keys: list[int], again: set[int]) -> bool:
        """Whether an earlier page came once more where that means the end; elsewhere it is an error."""
        fresh = set(keys) - again if self.source.keys else keys
        is_overlap = len(keys) <= self.back
        self._stale_pages = 0 if fresh or is_overlap else self._stale_pages + 1
        signature = hash(tuple(keys))
        if not is_overlap and (signature in self._pages or self._stale_pages > 1):
            if self.may_repeat:
                return True
            why = f"page {self.page} repeats rows of an earlier page and brings nothing new"
            self.cut_short(why)
            raise PagesRepeat(
                f"{self.asset}: {why}, so the API ignores the paging parameter or repeats its link; "
                "correct the paginator in the file."
            )
        self._pages.add(signature)
        return False

    def _join(self, rows: list[Any], keys: list[int], bad: dict[int, str], again: set[int]) -> None:
        """Drop the rows that were asked for again, and note whether they are where they were.

        A row of the page before that comes again shows that no row between the two pages was lost, wherever it
        stands now: what follows it now follows it in the list.
        """
        back = self.back
        if not back:
            if self.source.overlap and keys:
                self._joins["open"] += 1
            elif self.joins_pages and keys:
                self._joins["unseen"] += 1
            return
        # Without a key equal rows are different ones, so the first that may be it counts, and all behind it stay.
        places = {key: place for place, key in reversed(list(enumerate(keys)))}
        known = next((places[key] for key in reversed(self._last_keys) if key in places), None)
        same = keys[:back] == self._last_keys[-back:]
        self._joins["same" if same else "open" if known is None else "moved"] += 1
        until = back if same else 0 if known is None else known + 1
        drop = {place for place in range(until) if keys[place] in again}
        kept = [place for place in range(len(keys)) if place not in drop]
        reasons = {new: bad[old] for new, old in enumerate(kept) if old in bad}
        rows[:], keys[:] = [rows[place] for place in kept], [keys[place] for place in kept]
        bad.clear()
        bad.update(reasons)

    def _is_boundary(self, again: set[int]) -> bool:
        """Whether the rows that came again are the last ones of the page before, in whatever order."""
        return bool(self.source.keys and again) and set(self._last_keys[-len(again) :]) == again

    def _note(self, rows: list[Any], keys: list[int], bad: dict[int, str], again: set[int]) -> None:
        """Count the page's rows, and set aside those that cannot be loaded."""
        source, receipt = self.source, self.source.receipt
        fresh = set(keys) - again
        again = again.intersection(keys)
        source.repeated.update(again)
        # A key twice within one page is the API's data; twice across pages, something moved.
        self._came_again += len(again) if source.keys else 0
        if not source.is_parent:
            receipt.rows_read += len(rows)
            receipt.duplicates += (len(keys) - len(fresh)) * source.counts_repeats
        for place in reversed(bad):
            row = rows.pop(place)
            if keys[place] not in again:
                source.set_aside(row, bad[place], self.page)
        self._rows += len(keys)
        self._full_pages += bool(keys)
        self._seen.add(fresh)
        self._note_cursors(rows)

    def _note_cursors(self, rows: list[Any]) -> None:
        if (incremental := self.source.incremental) is None or (marks := self.source.marks) is None:
            return
        if not self.source.is_parent and not (self.cursor and self.cursor.is_answers):
            values = [value for row in rows for value in json_paths.find_values(incremental.cursor_path, row)]
            self.source.receipt.met_cursors(marks.told([one for one in values if one is not None]), marks.key)
