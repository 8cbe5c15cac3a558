"""The first request of a pass is about to leave: dlt's reader of the resource and what its lists share."""

from __future__ import annotations

from typing import Any

import dlt
from dlt.sources.rest_api import rest_api_resources

from messaging_assets.description.api import Resource
from messaging_assets.description.pagination import PageNumberPaginator
from messaging_assets.description.sensitive import sensitive_columns
from messaging_assets.http.authentication import asking_part
from messaging_assets.loading.passes.row_batches import RowBatches
from messaging_assets.loading.passes.stored_marks import read_marks
from messaging_assets.loading.passes.target import ReadTarget
from messaging_assets.loading.passes.trusted_marks import MarkTrust
from messaging_assets.loading.source import rest_api_config, with_paginator
from messaging_assets.reading.evidence.seen_keys import SentKeys
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.receipt import Receipt, Verdict
from messaging_assets.reading.resume_point import KeptRead
from messaging_assets.rows.steps import keys_as_sent
from messaging_assets.seams.dlt_contexts import PageReader, copy_of_state

_START = "messaging_assets_start"


def open_reader(
    target: ReadTarget, receipt: Receipt, batches: RowBatches, interrupted: KeptRead, trust: MarkTrust
) -> tuple[PageReader, ListContext]:
    """dlt's reader of a resource, which outlives the load of a part.

    Args:
        target: the resource that is read.
        receipt: where things are counted.
        batches: takes what is set aside.
        interrupted: how far an earlier, interrupted read had committed to.
        trust: whether marks of an earlier sync still hold.

    Returns:
        The reader, and what the readings of the resource's own lists share.
    """
    sources = {one.name: _source_of(target, one, receipt, batches, trust) for one in target.chain}
    own = sources[target.resource.name]
    own.interrupted = interrupted
    for name, auth in target.auths.items():
        if (asking := asking_part(auth)) is not None:
            target.session.token_exchange(asking, sources[name].terms)
    config: Any = rest_api_config(target.description, target.chain, target.session, sources, target.base_url)
    reader = next(one for one in rest_api_resources(config) if one.name == target.resource.name)
    # What dlt notes while it reads is kept apart from the state that is committed with a part.
    return PageReader(reader, copy_of_state()), own


def note_interrupted(receipt: Receipt, interrupted: KeptRead) -> None:
    """Count what an interrupted read had counted of the lists that are not read again."""
    receipt.take_over(interrupted.set_aside, interrupted.counts)
    if not interrupted.finished:
        return
    receipt.resumed(interrupted.rows, again=0)
    receipt.distinct_keys += interrupted.rows
    receipt.lists_begun += len(interrupted.finished)
    receipt.found(Verdict.READ_TO_THE_END, f"{len(interrupted.finished)} lists were read before an interruption")


def note_first_page_number(own: ListContext) -> None:
    """Remember, for the next sync, with which number the API's pages begin."""
    if own.is_start_known and isinstance(own.endpoint.paginator, PageNumberPaginator):
        dlt.current.resource_state()[_START] = repr(own.endpoint.paginator)


def _source_of(
    target: ReadTarget, one: Resource, receipt: Receipt, batches: RowBatches, trust: MarkTrust
) -> ListContext:
    def leave_out_parent(record: Any, reason: str, page: int) -> None:
        receipt.parents_left_out = (receipt.parents_left_out or 0) + 1
        why = f"a record was left out ({reason}), so its list was not read"
        receipt.found(Verdict.UNKNOWN, why, of_parents=True)

    own = one is target.chain[-1]
    endpoint = with_paginator(target.description, one)
    asset = target.asset if own else f"{target.description.asset_of(one)} (parent of {target.asset})"
    from_parent = target.fields_from_parent(one)
    # A step may give a parent's field another name.
    keys = tuple(key for key in keys_as_sent(one, one.keys) if key not in from_parent)
    return ListContext(
        asset=asset,
        endpoint=endpoint,
        keys=keys,
        marks=read_marks(target, one, asset, keys, trust),
        receipt=receipt,
        auth=target.auths.get(one.name),
        set_aside=batches.set_aside if own else leave_out_parent,
        is_parent=not own,
        sent_keys=batches.book.as_sent if own else SentKeys(),
        shown_path=_shown_path(target, one),
        is_start_known=not own or dlt.current.resource_state().get(_START) == repr(endpoint.paginator),
    )


def _shown_path(target: ReadTarget, one: Resource) -> str | None:
    """The path as the file has it, where the real one may hold what is sensitive in a parent's record."""
    place = target.chain.index(one)
    is_hidden = place and sensitive_columns(target.description, target.chain[place - 1])
    return one.path if is_hidden else None
