"""The one rule for whatever takes rows out of a table, retires or swaps them.

Rows go only after a read of the whole list, or window, that leaves no doubt. A round number of rows alone is none,
unless the table shrinks to it. The destination must know that read as the newest of its resource.
What each way of taking rows away asks of a read, on top of that, stands in `_DEMANDS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Literal

from messaging_assets.description.api import Resource
from messaging_assets.foundation.failures import MendDescription, ReadIncomplete, TooManySetAside
from messaging_assets.reading.cursors.marks import cursor_of
from messaging_assets.reading.receipt import Finding, Receipt, Verdict
from messaging_assets.rows.batches import merge_strategy
from messaging_assets.tables.loaded_table import LoadedTable, validity

Way = Literal["deletes", "window", "replace", "scd2", "merge_key"]
# The worst verdict that a way takes, and whether it takes a read of which a record was set aside: that record did come,
# so its row is not gone; a replaced table has it in its rejected rows.
_DEMANDS: dict[Way, tuple[Verdict, bool]] = {
    "deletes": (Verdict.PROVEN, False),
    "window": (Verdict.READ_TO_THE_END, False),
    "replace": (Verdict.READ_TO_THE_END, True),
    "scd2": (Verdict.READ_TO_THE_END, False),
    "merge_key": (Verdict.READ_TO_THE_END, True),
}
_DOES: dict[Way, tuple[str, str]] = {
    "replace": ("swap out rows that may well be there", "write merge"),
    "scd2": ("retire the rows that did not come", "use another merge strategy"),
    "merge_key": ("take away rows of its values that did not come", "write a primary_key in its place"),
}
# The share of the rows that may go at once, where the file names none. A list that is swapped may change as a whole,
# and is to be there at all; a window may be small and have nothing in it, and of versions nothing is lost.
_SHARES: dict[Way, float] = {"deletes": 0.2, "replace": 0.8, "scd2": 1, "merge_key": 1, "window": 1}


@dataclass(frozen=True)
class Read:
    """What is known of a read whose load, or whose end, may take rows away.

    Args:
        finding: how complete it was, and why.
        set_aside: records that came and were not written.
        is_newest: whether the destination knows no newer sync of the same rows.
        is_of_news: whether only what is new was asked for.
    """

    finding: Finding
    set_aside: int = 0
    is_newest: bool = True
    is_of_news: bool = False


@dataclass(frozen=True)
class TakenOut:
    """What became of the rows that a read did not bring.

    Args:
        metadata: how many went, or why none did.
        finding: how complete the read was, where the rows themselves show it to be worse than its own finding.
    """

    metadata: Mapping[str, Any] = field(default_factory=dict)
    finding: Finding | None = None


def way_of(resource: Resource) -> Way | None:
    """How the load of a resource itself takes rows away, at once; None where it takes none."""
    if resource.disposition == "replace":
        return "replace"
    strategy = merge_strategy(resource)
    if strategy == "scd2":
        return "scd2"
    is_by_key = resource.disposition == "merge" and strategy in (None, "delete-insert") and resource.merge_keys
    return "merge_key" if is_by_key else None


def is_of_news(resource: Resource) -> bool:
    """Whether a read of it asks only for what is new, by a cursor in either of dlt's spellings or by its parents."""
    return cursor_of(resource.endpoint) is not None or resource.only_changed_parents is not False


def why_nothing_goes(way: Way, read: Read) -> str | None:
    """Why a read is not good enough to take rows away, as a clause; None where it is.

    Args:
        way: what would take them.
        read: what is known of it.
    """
    worst, takes_set_aside = _DEMANDS[way]
    if not read.is_newest:
        return "another sync loaded it meanwhile"
    if read.is_of_news:
        return "only what is new was asked for"
    if read.set_aside and not takes_set_aside:
        return "a record was set aside" if read.set_aside == 1 else f"{read.set_aside} records were set aside"
    verdict = read.finding.verdict
    if verdict <= worst or (read.finding.may_be_chance and worst is Verdict.READ_TO_THE_END):
        return None
    if worst is Verdict.PROVEN:
        return f"the read is not proven complete but {verdict.words}"
    return _in_doubt(read.finding)


def _in_doubt(finding: Finding) -> str:
    return f"the read is {finding.verdict.words}" + (f" ({finding.reason})" if finding.reason else "")


def is_bounded(way: Way, resource: Resource) -> bool:
    """Whether fewer rows than all may go at once, so that somebody has to count them."""
    return _share(way, resource) < 1


def _share(way: Way, resource: Resource) -> float:
    return resource.maximum_deleted_share or _SHARES[way]


def refuse_too_many(
    way: Way, resource: Resource, asset: str, gone: int, rows: int, allow_many: bool, of: str = ""
) -> None:
    """Stop before a larger share of a table goes than the file allows at once.

    Args:
        way: what would take them.
        resource: says which share.
        asset: the asset's name in errors.
        gone: rows that would go.
        rows: rows in the table, or in the part of it that is meant.
        allow_many: whether the run says that a larger share may go.
        of: that part, in words.

    Raises:
        MendDescription: more would go.
    """
    if gone > _share(way, resource) * rows and not allow_many:
        raise MendDescription(
            f"the API no longer has {gone} of {rows} rows{of}, more than maximum_deleted_share allows at once",
            "if that is right, run it with allow_many_deletes: true",
            where=asset,
        )


def refuse_in_doubt(
    resource: Resource,
    asset: str,
    table: LoadedTable,
    receipt: Receipt,
    left_before: Set[str] | None,
    allow_many: bool,
    is_refreshed: bool,
) -> None:
    """Stop before a load that swaps a table, or retires its rows, after a read that may lack some of them.

    Args:
        resource: what is loaded.
        asset: the asset's name in errors.
        table: its table, as it is before the load.
        receipt: what was counted.
        left_before: the lists that the last whole sync left unread; None where the destination does not know.
        allow_many: whether the run says that a larger share may go.
        is_refreshed: whether the run begins with an empty table anyway.

    Raises:
        MendDescription: more rows would go than the file allows at once.
        ReadIncomplete: the read is in doubt.
    """
    way = way_of(resource)
    if way is None:
        return
    # A list that was left unread the last time too has no rows in the table.
    is_as_before = left_before is not None and receipt.left <= left_before
    finding = receipt.finding_of_read_lists if is_as_before else receipt.finding
    why = why_nothing_goes(way, Read(finding, receipt.rows_set_aside, is_of_news=is_of_news(resource)))
    # With a merge_key, what did not come is only retired beside what did.
    may_shrink = not is_refreshed and (way == "replace" or not resource.merge_keys)
    is_counted = may_shrink and is_bounded(way, resource)
    # A table that shrinks to just such a number is no chance.
    is_doubted = may_shrink and finding.may_be_chance
    if not (why or is_counted or is_doubted):
        return
    rows = table.count().rows if way == "replace" or why else table.valid_rows(validity(resource))
    gone = rows - receipt.rows_loaded - receipt.rows_set_aside
    if is_doubted and gone > 0:
        why = why or _in_doubt(finding)
    if rows and why:
        does, other = _DOES[way]
        kind = TooManySetAside if way == "scd2" and receipt.rows_set_aside else ReadIncomplete
        raise kind(f"{why}, and {way} would {does}", f"mend that and run it again, or {other}", where=asset)
    if is_counted:
        refuse_too_many(way, resource, asset, gone, rows, allow_many)
