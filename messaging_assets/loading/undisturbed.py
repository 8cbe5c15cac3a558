"""What is switched off while a sync runs, because it costs time or says nothing."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from messaging_assets.seams.foreign_words import is_arrow_remark


@contextmanager
def undisturbed() -> Iterator[None]:
    """Run a sync without dlt's remark on JSON, and with few runs of the garbage collector."""
    with _quiet_dlt(), _seldom_collecting():
        yield


@contextmanager
def _quiet_dlt() -> Iterator[None]:
    """Leave out the one warning that says nothing: JSON travels as text in Arrow, and dlt remarks on it."""
    logger = logging.getLogger("dlt")

    def is_news(record: logging.LogRecord) -> bool:
        return not is_arrow_remark(record)

    logger.addFilter(is_news)
    try:
        yield
    finally:
        logger.removeFilter(is_news)


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Keep Python's collector from walking through Dagster, dlt and every record again and again.

    Records hold no circles, so it would find nothing. It took a fifth of a sync's time.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
