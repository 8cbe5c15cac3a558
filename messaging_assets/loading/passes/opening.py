"""The first request of a pass is about to leave: dlt's reader of the resource and what its lists share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import dlt

from messaging_assets.description.api import Endpoint, Resource
from messaging_assets.description.names import PARTS_OF_REQUEST
from messaging_assets.description.pagination import OffsetPaginator, PageNumberPaginator, SizedPaginator
from messaging_assets.description.parents import ancestry, columns_from_parents, sensitive_columns
from messaging_assets.http.authentication import asking_part
from messaging_assets.http.wire.terms import EarlyCounts, Terms
from messaging_assets.loading.marks.stored_marks import read_changes, read_marks, single_mark
from messaging_assets.loading.marks.target import ReadTarget
from messaging_assets.loading.marks.trusted_marks import MarkTrust
from messaging_assets.loading.passes.api_reader import ApiReader
from messaging_assets.loading.passes.lists_ahead import read_before_turn
from messaging_assets.loading.passes.row_batches import RowBatches
from messaging_assets.reading.cursors.marks import CursorMarks, cursor_of, is_asked_for
from messaging_assets.reading.evidence.seen_keys import SentKeys
from messaging_assets.reading.list_context import ListContext, ListsSoFar
from messaging_assets.reading.paging.paginators import paginator_of, with_paginator
from messaging_assets.reading.receipt import Receipt, Verdict
from messaging_assets.reading.resume_point import KeptRead
from messaging_assets.rows.steps import keys_as_sent
from messaging_assets.seams.dlt_contexts import PageReader, copy_of_state

_START = "messaging_assets_start"
_LIMIT = "messaging_assets_limit"


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
    own.so_far.interrupted = interrupted
    if own.marks is not None:
        own.marks.order.start.heard(interrupted.began)
    _exchange_tokens(target, {name: source.terms for name, source in sources.items()})
    reader = ApiReader(target.description, target.session, sources, target.base_url).reader(target.resource)
    # What dlt notes while it reads is kept apart from the state that is committed with a part.
    return PageReader(reader, copy_of_state()), own


def open_before_turn(
    target: ReadTarget, counts: EarlyCounts, is_wanted: Callable[[], bool], noted: Mapping[str, Any], *, is_first: bool
) -> bool:
    """Begin to read the only list of a resource, while another one is synced.

    Args:
        target: the resource, with a session of its own.
        counts: where its requests are counted.
        is_wanted: whether the list is still to be read ahead; asked behind each page.
        noted: what its last sync noted in dlt's state.
        is_first: whether no sync found out before with which number the API's pages begin.

    Returns:
        Whether it was begun; not where its requests say when they are sent.
    """
    one, now = target.resource, datetime.now(timezone.utc)
    cursor = cursor_of(one.endpoint)
    if cursor is not None and cursor.first_mark is not None:
        # Pages that came before the first cursor would lack what changed between.
        return False
    moments = (now, now + timedelta(days=1))
    contexts = [_early_context(target, noted, moment, is_first) for moment in moments]
    readers = [
        ApiReader(target.description, target.session, {one.name: context}, target.base_url, now=moment)
        for context, moment in zip(contexts, moments, strict=True)
    ]
    asked = [{name: reader.request(one).get(name) for name in PARTS_OF_REQUEST} for reader in readers]
    if asked[0] != asked[1]:
        return False
    context, config = contexts[0], readers[0].config(one)
    _exchange_tokens(target, {one.name: replace(context.terms, counts=counts)})
    read_before_turn(context, config, target.session, counts, is_wanted)
    return True


def _early_context(target: ReadTarget, noted: Mapping[str, Any], now: datetime, is_first: bool) -> ListContext:
    one = target.resource
    endpoint = _with_limit(with_paginator(target.description, one, target.base_url), noted)
    keys, cursor = keys_as_sent(one, one.keys), cursor_of(endpoint)
    kept = single_mark(noted, cursor.cursor_path) if cursor else {}
    is_asked = bool(cursor and is_asked_for(endpoint, cursor))
    return ListContext(
        asset=target.asset,
        endpoint=endpoint,
        keys=keys,
        receipt=Receipt(),
        auth=target.auths.get(one.name),
        set_aside=lambda record, reason, page: None,
        so_far=ListsSoFar(is_start_known=not is_first),
        marks=CursorMarks(target.asset, cursor, keys, kept, is_asked_for=is_asked, now=now) if cursor else None,
    )


def note_interrupted(receipt: Receipt, interrupted: KeptRead) -> None:
    """Count what an interrupted read had counted of the lists that are not read again."""
    receipt.take_over(interrupted.set_aside, interrupted.counts)
    for what, next_step in interrupted.doubts:
        receipt.found(Verdict.UNKNOWN, what, next_step)
    if not interrupted.finished:
        return
    receipt.resumed(interrupted.rows, again=0)
    receipt.distinct_keys += interrupted.rows
    receipt.lists_begun += len(interrupted.finished)
    lists = "1 list was" if len(interrupted.finished) == 1 else f"{len(interrupted.finished)} lists were"
    receipt.found(Verdict.READ_TO_THE_END, f"{lists} read before an interruption")


def note_first_page_number(own: ListContext) -> None:
    """Remember, for the next sync, with which number the API's pages or rows begin."""
    if own.so_far.is_start_known and isinstance(own.endpoint.paginator, (PageNumberPaginator, OffsetPaginator)):
        dlt.current.resource_state()[_START] = repr(own.endpoint.paginator)


def note_limit(target: ReadTarget, own: ListContext) -> None:
    """Remember, for the next sync, of how many rows the API took a page, where it refused as many as the file lets."""
    paginator, of_file = own.endpoint.paginator, paginator_of(target.description, target.resource)
    state = dlt.current.resource_state()
    state.pop(_LIMIT, None)
    if isinstance(paginator, SizedPaginator) and isinstance(of_file, SizedPaginator) and paginator.size < of_file.size:
        state[_LIMIT] = [of_file.size, paginator.size]


def _with_limit(endpoint: Endpoint, noted: Mapping[str, Any]) -> Endpoint:
    """The endpoint with a size of its pages that the API took before, where that is known."""
    paginator, (refused, took) = endpoint.paginator, noted.get(_LIMIT, (None, None))
    if not isinstance(paginator, SizedPaginator) or paginator.limit != "max" or paginator.size != refused:
        return endpoint
    smaller = paginator.model_copy(update={"maximum_limit": took})
    return endpoint.model_copy(update={"paginator": smaller})


def _exchange_tokens(target: ReadTarget, terms: Mapping[str, Terms]) -> None:
    for name, auth in target.auths.items():
        if (asking := asking_part(auth)) is not None:
            target.session.token_exchange(asking, terms[name])


def _source_of(
    target: ReadTarget, one: Resource, receipt: Receipt, batches: RowBatches, trust: MarkTrust
) -> ListContext:
    own = one is target.chain[-1]
    endpoint = with_paginator(target.description, one, target.base_url)
    if own:
        endpoint = _with_limit(endpoint, dlt.current.resource_state())
    asset = target.asset if own else f"{target.description.asset_of(one)} (parent of {target.asset})"
    from_parent = columns_from_parents(one).values()
    # A step may give a parent's field another name.
    keys = tuple(key for key in keys_as_sent(one, one.keys) if key not in from_parent)
    is_start_known = not own or dlt.current.resource_state().get(_START) == repr(endpoint.paginator)
    return ListContext(
        asset=asset,
        endpoint=endpoint,
        keys=keys,
        marks=read_marks(target, one, asset, keys, trust),
        changes=read_changes(target, trust) if own else None,
        receipt=receipt,
        auth=target.auths.get(one.name),
        set_aside=batches.set_aside if own else lambda record, reason, page: receipt.parent_left_out(reason),
        is_parent=not own,
        sent_keys=batches.book.as_sent if own else SentKeys(),
        shown_path=_shown_path(target, one),
        so_far=ListsSoFar(
            is_start_known=is_start_known,
            begun_as=target.session.begun.number if own else 0,
            jobs=target.jobs if endpoint.job else None,
        ),
    )


def _shown_path(target: ReadTarget, one: Resource) -> str | None:
    """The path as the file has it, where the real one may hold what is sensitive in a parent's record."""
    above = ancestry(target.description, one)[:-1]
    return one.path if any(sensitive_columns(target.description, parent) for parent in above) else None
