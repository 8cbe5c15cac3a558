"""Signals that end a run in this process, so that Dagster's history says that it ended."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from dagster import DagsterExecutionInterruptedError

_AGAIN_AFTER = 0.1


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Take SIGTERM, and a terminal that is closed, for Ctrl-C, and lose none.

    A process that just ends leaves a run that seems to be under way for ever, for which a sensor waits.
    """
    if threading.current_thread() is not threading.main_thread():
        # Python lets no other thread say what signals do.
        yield
        return
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # nohup ignores the second. Parts of Dagster take the first for Ctrl-C, too.
    usual = (signal.SIG_DFL, signal.default_int_handler)
    kept = {one: signal.signal(one, _end) for one in numbers if signal.getsignal(one) in usual}
    before = sys.unraisablehook
    sys.unraisablehook = partial(_again, before)
    try:
        yield
    finally:
        sys.unraisablehook = before
        for one, own in kept.items():
            signal.signal(one, own)


def _end(number: int, frame: Any) -> None:
    # Dagster's own while a step runs; none where a shell began this in the background.
    of_ctrl_c = signal.getsignal(signal.SIGINT)
    (of_ctrl_c if callable(of_ctrl_c) else signal.default_int_handler)(signal.SIGINT, frame)


def _again(usual: Callable[[Any], Any], lost: Any) -> None:
    """Send a signal again whose exception was raised while Python collected garbage, which passes it over."""
    if not isinstance(lost.exc_value, (KeyboardInterrupt, DagsterExecutionInterruptedError)):
        usual(lost)
    elif signal.getsignal(signal.SIGTERM) is _end:
        threading.Timer(_AGAIN_AFTER, os.kill, (os.getpid(), signal.SIGTERM)).start()
