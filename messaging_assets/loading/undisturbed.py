"""What is switched off while a sync runs or definitions are made, because it costs time or says nothing."""

from __future__ import annotations

import atexit
import ctypes
import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache

from messaging_assets.seams.dlt_settings import dlt_logger
from messaging_assets.seams.foreign_words import is_arrow_remark, without_trace

# As malloc.h of glibc has it.
_M_ARENA_MAX = -8


@contextmanager
def undisturbed() -> Iterator[None]:
    """Run a sync without what dlt's log says too much, with few runs of the garbage collector, and in one heap."""
    _share_one_heap()
    with _quiet_dlt(), _seldom_collecting():
        yield


@contextmanager
def _quiet_dlt() -> Iterator[None]:
    """Leave out the one warning that says nothing: JSON travels as text in Arrow, and dlt remarks on it.

    A trace of a load job quotes rows, and the sync's own sentence says why it failed. So traces are for DEBUG.
    """
    logger = dlt_logger()

    def is_news(record: logging.LogRecord) -> bool:
        if not logger.isEnabledFor(logging.DEBUG):
            record.exc_info = record.exc_text = None
            record.msg = without_trace(record)
        return not is_arrow_remark(record)

    logger.addFilter(is_news)
    try:
        yield
    finally:
        logger.removeFilter(is_news)


@lru_cache(maxsize=1)
def _share_one_heap() -> None:
    """Let the process's threads take memory from one heap, unless the environment says how many there may be.

    glibc gives each thread a heap of its own and keeps what was freed there: 35 MB more for a million rows.
    """
    if "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(OSError, AttributeError, TypeError):  # other C libraries have no such call
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


@contextmanager
def made_for_good() -> Iterator[None]:
    """Keep the collector from what is imported and made meanwhile, and from all that was there before.

    It would walk through that again and again, which is a quarter of the time.
    """
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if is_collecting:
            gc.enable()
        atexit.register(_leave_as_it_is)


def _leave_as_it_is() -> None:
    """Keep Python from taking apart what it kept, when the program ends, which is half a second."""
    gc.disable()
    # Its binding writes of leaks where it stays.
    if "duckdb" in sys.modules:
        gc.unfreeze()


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Let the collector run seldom, and pass over what was there before, unless `made_for_good` had it do so.

    Records hold no circles, so it would find nothing in a fifth of a sync's time.
    """
    before, is_frozen = gc.get_threshold(), gc.get_freeze_count() > 0
    if not is_frozen:
        gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if not is_frozen:
            gc.unfreeze()
