"""How far each list of a resource has come, by its cursor, as dlt's state keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import dlt

from messaging_assets.description.api import Incremental, Resource
from messaging_assets.description.parents import is_child
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.identity import identity_of
from messaging_assets.loading.marks.made_keys import makers_of
from messaging_assets.loading.marks.read_from import set_back
from messaging_assets.loading.marks.target import ReadTarget
from messaging_assets.loading.marks.trusted_marks import ASKED_BY, DOUBTED, NO_ROWS, MarkTrust
from messaging_assets.reading.changed_parents import ParentChanges, changes_of
from messaging_assets.reading.cursors.mark import HELD, LEFT_IN_DOUBT, SEEN
from messaging_assets.reading.cursors.marks import CursorMarks, cursor_of, is_asked_for
from messaging_assets.reading.cursors.row_digests import fields_told_by
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.receipt import Finding, Receipt, Verdict
from messaging_assets.reading.resume_point import holds_secret, storable
from messaging_assets.rows.batches import merge_strategy
from messaging_assets.rows.steps import mark_of

_MARKS = "messaging_assets_marks"
_ASKED = "messaging_assets_asked"
_PARENTS = "messaging_assets_parents"
# Where dlt itself keeps the one mark of a resource.
_SINGLE_MARK = "incremental"
# With these merge strategies a row that comes again changes nothing; scd2 would make a version of it.
_TAKING_REPEATS = ("delete-insert", "upsert", "insert-only")

_START_LEFT_OUT = Finding(
    Verdict.READ_TO_THE_END,
    "no row came again that stands at the cursor's last value, so the API may leave that value out, and with it later "
    "rows of the same moment",
    "a merge with incremental.lag: 1 has them",
)

_START_MISREAD = Finding(
    Verdict.UNKNOWN,
    "no row came again that stands at the cursor's last value, though an earlier start was sent, so the API may read "
    "it in another time zone, and rows may be missing",
    "declare incremental.timezone, which ends this doubt, and run it with full_refresh",
)

_ASKED_BY_ANOTHER = Finding(
    Verdict.UNKNOWN,
    "a secret, or auth in the file, is another than at the last sync, and no row was known again that stands at the "
    "cursor's last value, so if it is another account's, rows before that value are missing",
    "if so, run it with full_refresh",
)
_MEND = "run it once with {}full_refresh, or with keep_mark if they are known to be there"
# Of so many syncs it is kept whose secrets were sent.
_ASKERS_KEPT = 5


def read_marks(
    target: ReadTarget, one: Resource, asset: str, keys: tuple[str, ...], trust: MarkTrust
) -> CursorMarks | None:
    """The marks of a resource or of one of its parents, whose marks are for this read alone.

    Args:
        target: the resource that is read.
        one: it, or one of its parents.
        asset: its name in errors.
        keys: the primary key's fields that the API sends.
        trust: whether marks of an earlier sync still hold.

    Raises:
        MendDescription: they do not, and an append would have rows twice.
    """
    cursor, is_own, is_list_of_many = cursor_of(one.endpoint), one is target.chain[-1], is_child(one)
    if cursor is None:
        return None
    state, path = dlt.current.resource_state(), cursor.cursor_path
    kept = state.get(_MARKS, {}).get(path, {}) if is_list_of_many else single_mark(state, path)
    is_merged = target.resource.disposition == "merge" and merge_strategy(target.resource) in (None, *_TAKING_REPEATS)
    fields = fields_told_by(cursor, keys, is_merged)
    asked_before, told_by = state.get(_ASKED, {}).get(path), _told_by(target, fields)
    marks, asked = trust.of(target, cursor, deepcopy(kept), asked_before, told_by) if is_own else ({}, None)
    if trust.read_from is not None:
        marks = set_back(marks, cursor, trust.read_from, target.now, asset)
    made = CursorMarks(asset, cursor, keys, marks, is_merged, is_asked_for(one.endpoint, cursor), now=target.now)
    made.asked = asked
    return made


def _told_by(target: ReadTarget, fields: list[str]) -> str:
    """What changes with what tells rows apart at a mark: fields, or all that the file makes of a whole row."""
    one = target.resource
    # A child's rows meet the cursor as they came. A word that the file does not have is none, also in a later release.
    steps, format_ = mark_of(one, 0 if target.is_child else None), one.endpoint.format
    of_rows = [steps, one.endpoint.include_from_answer, format_ and format_.model_dump(exclude_defaults=True)]
    of_rows += filter(None, [one.endpoint.include_from_request])
    of_key = [fields, [] if target.is_child else makers_of(one)]
    return identity_of(of_key if fields else of_rows).digest[:16]


def single_mark(state: Mapping[str, Any], cursor_path: str) -> dict[str, Any]:
    """The mark of the only list of a resource, by the list's name; empty where there is none."""
    single = state.get(_SINGLE_MARK, {}).get(cursor_path)
    return {"": single} if single else {}


def read_changes(target: ReadTarget, trust: MarkTrust) -> ParentChanges | None:
    """What the parents of a resource said when their lists were loaded; None where it goes by no change of theirs.

    Args:
        target: the resource that is read.
        trust: whether what an earlier sync left still holds.

    Raises:
        MendDescription: it does not, and an append would have rows twice.
    """
    if not target.resource.only_changed_parents:
        return None
    kept = dlt.current.resource_state().get(_PARENTS, {})
    # Without a cursor the question is the same but for its beginning.
    cursor = cursor_of(target.resource.endpoint) or Incremental(cursor_path="$")
    said, asked = trust.of(target, cursor, dict(kept.get("said", {})), kept.get("asked"))
    # Lists of parents that did not change are read again, too.
    changes = changes_of(target.resource, {} if trust.read_from is not None else said)
    if changes:
        changes.asked = asked
    return changes


def store_changes(own: ListContext, said: dict[str, str]) -> None:
    """Let what parents said be stored with this part, and not before their lists' rows are in the table."""
    if own.changes is not None:
        dlt.current.resource_state()[_PARENTS] = {"said": said, "asked": own.changes.asked}


def store_marks(target: ReadTarget, own: ListContext, marks: dict[str, Any]) -> None:
    """Let the marks be stored with this part, and not before their rows are in the table.

    Raises:
        MendDescription: a secret of this API is in the cursor's value of a table that rows are appended to.
    """
    if own.incremental is None:
        return
    state, path = dlt.current.resource_state(), own.incremental.cursor_path
    if holds_secret(marks):
        _refuse_to_append_in_doubt(target)
        # A list without a mark is read from its beginning, which a merge takes.
        marks = {name: mark for name, mark in marks.items() if not holds_secret({name: mark})}
    if target.is_child:
        state[_MARKS] = {path: marks}
    elif "" in marks:
        state[_SINGLE_MARK] = {path: marks[""]}
    else:
        state.pop(_SINGLE_MARK, None)
    if own.marks and own.marks.asked is not None:
        state[_ASKED] = {path: own.marks.asked}


def store_all_marks(target: ReadTarget, own: ListContext, receipt: Receipt) -> None:
    """Let the marks of a read that is over be stored with its last part.

    Raises:
        MendDescription: see `store_marks`; or nothing says where the next sync of an append begins.
    """
    if receipt.rows_loaded or receipt.resumed_rows:
        _note_rows(own)
    finding = receipt.finding
    if own.marks is not None and not target.has_many_lists:
        current = own.so_far.current
        moves, is_resumed = not (current and current.ending.is_left), bool(current and current.resume.at)
        is_in_doubt = finding.verdict > Verdict.READ_TO_THE_END
        own.marks.close("", moves, is_in_doubt=is_in_doubt, is_resumed=is_resumed)
    _note_asker(target, own, receipt)
    if own.changes is not None:
        store_changes(own, own.changes.of_all(own.so_far.interrupted.finished))
    if own.marks is None:
        return
    if own.incremental and own.marks.seen.is_one_missing:
        words = f"no answer had a cursor at '{own.incremental.cursor_path}', so the next sync would"
        if target.resource.disposition == "append":
            step = "correct cursor_path, or write merge"
            raise MendDescription(f"{words} append these rows again", step, where=target.asset)
        receipt.found(Verdict.UNKNOWN, f"{words} read these rows again", "correct cursor_path")
    is_asked = own.incremental is not None and is_asked_for(own.endpoint, own.incremental)
    seen = own.marks.seen
    if seen.is_start_missing and not seen.is_start_seen and is_asked:
        receipt.findings.append(_START_MISREAD)
    elif seen.is_start_left_out and is_asked:
        # Of reasons that weigh the same the first is shown. The last is that of the list's end, which says less.
        receipt.findings.insert(-1, _START_LEFT_OUT)
    skipped = (*own.so_far.interrupted.finished, *(own.changes.unchanged if own.changes else ()))
    marks = own.marks.of_all(skipped)
    receipt.findings += _note_doubt(own.marks, marks, finding, own.marks.left_in_doubt(skipped))
    if own.incremental and own.incremental.cursor_in == "link" and "" in marks:
        marks = {"": _kept_link(marks[""], target.asset)}
    _note_last_mark(target, own, receipt, marks)
    store_marks(target, own, marks)


def _note_rows(own: ListContext) -> None:
    """The table has rows from here on, so that one that has none is one that somebody emptied."""
    for notes in (own.marks, own.changes):
        if notes is not None and notes.asked is not None:
            notes.asked.pop(NO_ROWS, None)


def _note_doubt(before: CursorMarks, marks: Mapping[str, Any], finding: Finding, lists: int) -> list[Finding]:
    """Keep why rows before the marks may be missing; say it of an earlier read, whose range is not asked for any more.

    Another way of paging begins anew where this is kept.
    """
    if before.asked is None:
        return []
    asked, kept = before.asked, before.asked.get(DOUBTED)
    if finding.verdict > Verdict.READ_TO_THE_END:
        asked[DOUBTED] = kept or finding.what
    elif not any(HELD in mark or LEFT_IN_DOUBT in mark for mark in marks.values()):
        asked.pop(DOUBTED, None)
    if not lists:
        return []
    of = "the cursor's last value" if lists == 1 else f"the cursor's last values in {lists} lists"
    why = f" ({kept})" if isinstance(kept, str) else ""
    words = f"rows before {of} may be missing, as an earlier read of them was in doubt{why}"
    step = _MEND.format("" if before.would_repeat else "read_from and a value before them, with ")
    return [Finding(Verdict.UNKNOWN, words, step)]


def _note_asker(target: ReadTarget, own: ListContext, receipt: Receipt) -> None:
    """Say that marks come from another's secrets than this read, which they may not hold for."""
    is_known_again = own.marks is not None and own.marks.seen.is_mark_seen
    for notes in (own.marks, own.changes):
        if notes is None or notes.asked is None or not target.asked_by:
            continue
        before = [] if is_known_again else notes.asked.get(ASKED_BY, [])
        notes.asked[ASKED_BY] = [target.asked_by, *before][:_ASKERS_KEPT]
        # Where each sync comes with a token that was never seen, that is how this API is asked. Of many some have the
        # same byte.
        is_ever_new = (target.asked_by not in before and len(set(before[:2])) > 1) or len(set(before)) > 2
        if before and before[0] != target.asked_by and not is_ever_new:
            receipt.findings.append(_ASKED_BY_ANOTHER)


def _kept_link(mark: dict[str, Any], asset: str) -> dict[str, Any]:
    """A mark whose value is a link, without what the API wrote into it of the secrets that are put there anew."""
    try:
        link = storable(mark["last_value"])
    except ValueError:
        raise MendDescription(
            "the API wrote a secret of its own into the link for next time, which is kept in no file",
            "take its parameter by cursor_in: answer, or take incremental out",
            where=asset,
        ) from None
    held = {HELD: _kept_link(mark[HELD], asset)} if mark.get(HELD) else {}
    return {**mark, "last_value": link, "start_value": link, **held}


def _note_last_mark(target: ReadTarget, own: ListContext, receipt: Receipt, marks: Mapping[str, Any]) -> None:
    """Show the mark where no record shows it: the answer's own cursor, or a mark that was held. The sensor needs it."""
    last = marks.get("", {}).get("last_value")
    # That of a list that did not come says nothing of this sync.
    if own.marks and own.marks.seen.is_one_held and any(SEEN in mark for mark in marks.values()):
        receipt.held_mark(receipt.last_cursor if target.is_child else last)
    if own.marks and own.marks.seen.rows_ahead:
        receipt.dated_ahead(own.marks.seen.rows_ahead, receipt.last_cursor if target.is_child else last)
    cursor = own.so_far.current.cursor if own.so_far.current else None
    if cursor and cursor.answer.is_meant and last is not None:
        receipt.last_cursor = last


def _refuse_to_append_in_doubt(target: ReadTarget) -> None:
    """Let an append fail whose cursor cannot be kept: the next one would bring every row again."""
    if target.resource.disposition == "append":
        raise MendDescription(
            "the API wrote a secret of its own into the values of the cursor, which are kept in no file",
            "name another cursor_path, or write merge",
            where=target.asset,
        )
