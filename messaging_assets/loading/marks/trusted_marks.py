"""Whether the mark of a cursor's last sync still holds: the same is asked of the same API, and its rows are there.

A mark says that everything before it is in the table. That was so for the question it came from, and for that table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from messaging_assets.answers.signs_of_more import asked_sizes
from messaging_assets.description.api import Incremental, Resource
from messaging_assets.description.incremental import CURSOR_VALUE
from messaging_assets.description.jobs import gives_changes_alone
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.identity import identity_of
from messaging_assets.foundation.redaction import address_digest
from messaging_assets.loading.marks.target import ReadTarget
from messaging_assets.reading.cursors.mark import is_of_other_place, without_doubt
from messaging_assets.reading.cursors.marks import is_backward
from messaging_assets.reading.cursors.order import order_of
from messaging_assets.reading.cursors.request_values import is_closed
from messaging_assets.reading.cursors.row_digests import BEYOND
from messaging_assets.reading.receipt import Receipt, Verdict
from messaging_assets.reading.times.notation import NoOrder
from messaging_assets.reading.times.relative_times import resolved
from messaging_assets.rows.hard_deletes import hinted_column
from messaging_assets.tables.table_rows import TableRows

# Headers that say how an answer is written and who asks, and not which rows are meant.
_NOT_ASKED = frozenset({"user-agent", "accept", "accept-encoding", "accept-language", "connection", "content-type"})
# Stands beside a mark of a table that had no row when the mark was left, so that nobody emptied it.
NO_ROWS = "has_no_rows"
# Stands beside a mark: whose secrets the last syncs were asked with, newest first.
ASKED_BY = "asked_by"
# Stands beside a mark: why a read of this question was in doubt, so that rows before the mark may be missing.
DOUBTED = "was_in_doubt"
# As `as_state` writes a moment.
_ISO = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d")


@dataclass(frozen=True)
class Question:
    """What a mark is of.

    Args:
        asked: changes with which rows are asked for, and with what a filter keeps of them.
        address: changes with whom is asked.
        initial: where the first read of it began.
        leaves_out: whether rows without a cursor's value are left out.
        told_by: changes with what tells rows apart that stand at the mark.
        hinted: the column with `hard_delete`, by which rows that came are not in the table.
        paged: changes with how pages go on.
    """

    asked: str
    address: str
    initial: Any
    leaves_out: bool = False
    told_by: str = ""
    hinted: str | None = None
    paged: str = ""

    def as_state(self) -> dict[str, Any]:
        """What is stored beside the marks."""
        initial = self.initial.isoformat() if hasattr(self.initial, "isoformat") else self.initial
        kept = {"asked": self.asked, "address": self.address, "initial_value": initial}
        more = {"told_by": self.told_by, "hinted": self.hinted, "paged": self.paged}
        return kept | {"leaves_out": self.leaves_out} | more


def question_of(
    resource: Resource,
    own: Incremental,
    headers: Mapping[str, Any],
    base_url: str,
    written_url: str,
    now: datetime,
    told_by: str = "",
) -> Question:
    """What a resource's cursor asks.

    Args:
        resource: the resource with the file's defaults merged in.
        own: its cursor.
        headers: the client's.
        base_url: the address that is asked.
        written_url: the address in the file; a part of the path that may be a token is left out of the question.
        now: when the sync began.
        told_by: what tells rows apart that stand at the mark.
    """
    endpoint = resource.endpoint
    params = {name: value for name, value in endpoint.params.items() if not _says_no_rows(name, value)}
    sent = {str(name).lower(): value for name, value in {**headers, **(endpoint.headers or {})}.items()}
    asked = identity_of(
        resource.path.strip("/"),
        endpoint.method,
        params,
        endpoint.json_body,
        endpoint.data,
        (endpoint.data_selector or "").removeprefix("$").strip(".").removesuffix("[*]"),
        {name: value for name, value in sent.items() if name not in _NOT_ASKED},
        [step.filter for step in resource.steps if step.filter],
        own.last_value_func,
    )
    leaves_out = own.on_cursor_value_missing == "exclude"
    address, initial = address_digest(base_url, written_url), resolved(own.initial_value, now)
    # That the API's count is not believed mends no paging.
    paged = identity_of(endpoint.paginator, endpoint.total == "exact").digest
    return Question(asked.digest, address, initial, leaves_out, told_by, hinted_column(resource), paged)


def _says_no_rows(name: str, value: Any) -> bool:
    """Whether a parameter is the cursor itself, or the size of a page."""
    is_cursor = isinstance(value, dict) and value.get("type") == "incremental"
    is_cursor = is_cursor or (isinstance(value, str) and CURSOR_VALUE.fullmatch(value) is not None)
    return is_cursor or bool(asked_sizes({name: value}))


def difference(question: Question, kept: Mapping[str, Any], own: Incremental, now: datetime) -> str | None:
    """Why a mark is not of this question, as a clause; None where it is.

    Args:
        question: what is asked now.
        kept: what `as_state` gave when the mark was left.
        own: the cursor.
        now: when the sync began.
    """
    if kept["address"] != question.address:
        return "the API is asked at another address than before"
    if kept["asked"] != question.asked:
        return "path, parameters, body, selector, headers or filters of the file are others than before"
    # What an earlier release did not note is as it was.
    if kept.get("hinted", question.hinted) != question.hinted:
        return "hard_delete is in another column of the file than before, or in none"
    if kept.get("leaves_out") and not question.leaves_out:
        return "rows without a cursor are not left out any more (on_cursor_value_missing)"
    if kept.get(DOUBTED) and kept.get("paged", question.paged) != question.paged:
        return "the paginator of the file is another than before, and a read by the former was in doubt"
    before, initial = kept["initial_value"], question.initial
    if before is None or before == question.as_state()["initial_value"]:
        return None
    order = order_of(own, now)
    if not order.has_place(before) and isinstance(before, str) and _ISO.fullmatch(before):
        # A relative one is kept as a moment, however records write theirs.
        before = datetime.fromisoformat(before)
    try:
        is_earlier = initial is None or order.compare(initial, before) * (-1 if is_backward(own) else 1) < 0
    except NoOrder:
        is_earlier = True
    return "initial_value asks for earlier rows than before" if is_earlier else None


def earliest(question: Question, kept: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is stored of a question whose mark goes on: its first read began where it began."""
    now = question.as_state()
    return {**now, "initial_value": kept["initial_value"]} if kept else now


def refuse_append(asset: str, why: str, may_keep: bool) -> MendDescription:
    """What to tell of an append whose mark does not hold: to read anew would bring rows a second time.

    Args:
        asset: the asset's name.
        why: why the mark does not hold, as a clause.
        may_keep: whether its value still means something to what the file asks now.
    """
    keep = ", or with keep_mark where the rows are the same" if may_keep else ""
    return MendDescription(
        f"{why}, so its mark says nothing of these rows, and an append would have some of them twice",
        f"put the file back, or run it once with full_refresh, or with forget_state to append everything again{keep}",
        where=asset,
    )


@dataclass(frozen=True)
class MarkTrust:
    """Decides for one read whether the marks of an earlier sync still hold.

    Args:
        receipt: where it is counted that they do not.
        tell: takes a line for the run's log.
        keep_mark: whether a mark counts though the file asks for something else now, or rows before it were in doubt.
        has_rows: whether the table has rows; None where nobody asks, or none were ever loaded.
        is_older: whether the rows are not in the table that the last sync with any loaded.
        read_from: a value behind which no mark counts, so that rows are read once more; None where all do.
    """

    receipt: Receipt
    tell: Callable[[str], None]
    keep_mark: bool = False
    has_rows: bool | None = None
    is_older: bool = False
    read_from: str | None = None

    def of(
        self,
        target: ReadTarget,
        cursor: Incremental,
        marks: dict[str, Any],
        kept: Mapping[str, Any] | None,
        told_by: str = "",
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """The marks that hold, and what is stored of their question.

        Args:
            target: the resource that is read.
            cursor: its cursor.
            marks: those of the earlier sync.
            kept: what was stored of their question.
            told_by: what tells rows apart that stand at a mark.

        Raises:
            MendDescription: they do not hold, or none is left, and an append would have rows twice.
        """
        if is_closed(cursor):
            return marks, None
        is_appended = target.resource.disposition == "append"
        if not marks and kept is None and self.has_rows and is_appended:
            raise MendDescription(
                "its table has rows, and no mark of this cursor is left, so an append would have some of them twice",
                "put the file back, or run it once with full_refresh, or with forget_state to append everything again",
                where=target.asset,
            )
        now, client = datetime.now(timezone.utc), target.description.client
        question = question_of(target.resource, cursor, client.headers, target.base_url, client.base_url, now, told_by)
        # Of lists that the file makes otherwise than before there is no mark, though their rows are in the table.
        is_asked = bool(marks and not self.keep_mark) or bool(not marks and is_appended and self.has_rows)
        why = difference(question, kept, cursor, now) if kept and is_asked else None
        # A parent's mark is a text, and has no cursor.
        of_rows = [one for one in marks.values() if isinstance(one, Mapping)]
        is_kept = bool(marks)
        if any(is_of_other_place(cursor, one) for one in of_rows):
            why, is_kept = "cursor_in of the file is another than before", False
        elif is_appended and why is None and kept and _are_told_otherwise(question, kept, of_rows):
            words = "what tells its rows apart is another than before (primary_key, write_disposition or steps)"
            why, is_kept = words, False
        gone, instead = self._gone(kept or {}) if marks and why is None else (None, "")
        why = why or gone
        if why is None:
            return self._holding(marks, earliest(question, kept), kept or {})
        if gives_changes_alone(cursor.first_mark):
            step = "put the file back, or run it once with forget_state, which begins behind what changed since"
            raise MendDescription(f"{why}, so its mark says nothing of these rows", step, where=target.asset)
        if is_appended:
            if gone:
                raise MendDescription(f"{why}, though rows were appended to it", instead, where=target.asset)
            raise refuse_append(target.asset, why, may_keep=is_kept)
        self.tell(f"{target.asset}: {why}; reading it as a first sync does")
        self.receipt.found(Verdict.READ_TO_THE_END, f"{why}, so it was read from its beginning")
        return {}, question.as_state()

    def _gone(self, kept: Mapping[str, Any]) -> tuple[str | None, str]:
        """Why the rows of marks are not there, as a clause, and what to do of an append; None where they are."""
        if self.has_rows is False and not kept.get(NO_ROWS):
            # Neither the file nor `keep_mark` can mend it: the rows are gone.
            return "the table has no rows any more", "run it once with forget_state, which appends everything again"
        if self.is_older and not self.keep_mark:
            step = "put them back, or run it once with full_refresh, or with keep_mark, which goes on without them"
            return "the table lacks the rows that the last sync loaded, as an older copy of it does", step
        return None, ""

    def _holding(
        self, marks: dict[str, Any], asked: dict[str, Any], kept: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Marks that hold, and what is known of their syncs; whoever gives keep_mark knows that the rows are there."""
        known = (ASKED_BY, DOUBTED) if marks and not self.keep_mark else ()
        if self.keep_mark:
            marks = {name: without_doubt(one) for name, one in marks.items()}
        more = {name: kept[name] for name in known if kept.get(name)}
        return marks, asked | more | ({} if self.has_rows else {NO_ROWS: True})


def _are_told_otherwise(question: Question, kept: Mapping[str, Any], marks: list[Mapping[str, Any]]) -> bool:
    """Whether rows that a mark knows again would pass for others, as they were told apart by other fields."""
    has_rows = any(one.get("unique_hashes") or one.get(BEYOND) for one in marks)
    return has_rows and kept.get("told_by", question.told_by) != question.told_by


def rows_left(rows: TableRows, table: str) -> bool | None:
    """Whether a table has rows; None where none were ever loaded into it.

    Raises:
        TableMissing: rows were loaded into it, and it is not there at all.
    """
    return rows.has_rows(table) or (False if rows.was_filled(table) else None)
