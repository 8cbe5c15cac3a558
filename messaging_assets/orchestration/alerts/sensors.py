"""Alerts for the whole code location: one message of what turned red, warns or is green again, then a quiet time.

`MESSAGING_ASSETS_ALERT_WEBHOOK` names a webhook, `MESSAGING_ASSETS_ALERT_SMTP` a mail server. The sensor of each is on
where its variable is set when the code location loads. What could not be told is told by a later tick.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from dagster import DefaultSensorStatus, SensorDefinition, SensorEvaluationContext, SkipReason, sensor

from messaging_assets.orchestration.alerts.delivery import SMTP_VARIABLE, WEBHOOK_VARIABLE, AlertFailed, mail, post
from messaging_assets.orchestration.alerts.news import (
    RED,
    News,
    failed_runs,
    failing_checks,
    is_known,
    made_good,
    newest_failed_run,
    passes_again,
)

QUIET_VARIABLE = "MESSAGING_ASSETS_ALERT_QUIET_SECONDS"
_QUIET = 300.0


def build_alert_sensors() -> list[SensorDefinition]:
    """The sensors `webhook_alert` and `mail_alert`, for every job and check of the code location."""
    return [
        _sensor("webhook_alert", "to the webhook", WEBHOOK_VARIABLE, post),
        _sensor("mail_alert", "by the mail server", SMTP_VARIABLE, mail),
    ]


def _sensor(name: str, way: str, variable: str, deliver: Callable[[Sequence[News]], None]) -> SensorDefinition:
    words = f"Tells {way} that {variable} names what turned red and what is green again."
    status = DefaultSensorStatus.RUNNING if os.environ.get(variable) else DefaultSensorStatus.STOPPED

    @sensor(name=name, description=words, default_status=status)
    def alert(context: SensorEvaluationContext) -> SkipReason:
        if not os.environ.get(variable):
            return SkipReason(f"These alerts are off: set {variable}.")
        return _tell(context, deliver)

    return alert


@dataclass
class _Book:
    """What a sensor remembers, as its cursor.

    Attributes:
        seen: the number of the last failed run that was looked at.
        sent_at: when the last message was sent, in seconds since 1970.
        told: what was told as red or warning and is not known to be green again, by what it is about.
    """

    seen: int | None = None
    sent_at: float = 0.0
    told: dict[str, News] = field(default_factory=dict)

    @classmethod
    def read(cls, cursor: str | None) -> _Book:
        try:
            book = json.loads(cursor or "{}")
            told = [News(**one) for one in book.get("told", [])]
            return cls(book.get("seen"), float(book.get("sent_at", 0)), {one.key: one for one in told})
        except (ValueError, TypeError, AttributeError):
            return cls()

    def written(self) -> str:
        told: list[dict[str, Any]] = [asdict(one) for one in self.told.values()]
        return json.dumps({"seen": self.seen, "sent_at": self.sent_at, "told": told}, sort_keys=True)


def _tell(context: SensorEvaluationContext, deliver: Callable[[Sequence[News]], None]) -> SkipReason:
    book, now = _Book.read(context.cursor), time.time()
    quiet = _quiet()
    if 0 <= now - book.sent_at < quiet:
        return SkipReason(f"Quiet for {quiet - now + book.sent_at:.0f} s more; then one message has all news.")
    if book.seen is None:
        book.seen = newest_failed_run(context.instance)
        context.update_cursor(book.written())
    told = {key: one for key, one in book.told.items() if is_known(context, one)}
    failed, book.seen = failed_runs(context, book.seen)
    # Newer failures of one thing take the place of older ones; what was made good meanwhile is no news.
    red = {one.key: one for one in [*told.values(), *failed] if one.check is None}
    good = {key: made_good(context, one) for key, one in red.items()}
    red = {key: one for key, one in red.items() if good[key] is None}
    # A step that fails may answer its checks with no before it does; that is one thing to tell, and not two.
    told_so = {(one.asset, one.run_id) for one in red.values()}
    failing = {one.key: one for one in failing_checks(context)}
    red |= {key: one for key, one in failing.items() if (one.asset, one.run_id) not in told_so}
    over = {key: one for key, one in told.items() if key not in red and key not in failing}
    green = [good.get(key) or passes_again(context, one) for key, one in over.items()]
    fresh = [one for key, one in red.items() if not one.is_told_by(told.get(key), now)]
    fresh.sort(key=lambda one: one.state != RED)
    news = [replace(one, told_at=now) for one in [*fresh, *green]]
    words = f"{len(red)} red or warning, {len(news)} told now."
    if news:
        try:
            deliver(news)
        except AlertFailed as error:
            words = f"{len(news)} news could not be told, a later tick tries again: {error}"
            context.log.error(words)
            return SkipReason(words)
        book.sent_at = now
    book.told = {key: told[key] for key in red if key in told} | {one.key: one for one in news if one.key in red}
    context.update_cursor(book.written())
    return SkipReason(words)


def _quiet() -> float:
    try:
        return float(os.environ.get(QUIET_VARIABLE) or _QUIET)
    except ValueError:
        raise ValueError(f"{QUIET_VARIABLE} must be a number of seconds; correct it.") from None
