"""What is sent: one message of all news, as JSON, as text of a Slack-compatible chat, as a card of Teams, as e-mail.

Nothing in it is markup but the links: what an API named, such as a field, cannot call a whole channel.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from messaging_assets.foundation.redaction import one_line
from messaging_assets.orchestration.alerts.news import GREEN, RED, WARNING, News

DAGSTER_VARIABLE = "MESSAGING_ASSETS_DAGSTER_URL"
# A chat cuts long messages off, at a place that nobody chose.
_MOST_SHOWN = 10
_LONGEST = 500
_COLOURS = {RED: "attention", WARNING: "warning", GREEN: "good"}


def headline(news: Sequence[News]) -> str:
    """All of it in one line: the sentence of one, the numbers of several."""
    if len(news) == 1:
        return f"{news[0].state}: {_short(news[0])}"
    counted = Counter(one.state for one in news)
    names = dict.fromkeys(one.name for one in news)
    first = ", ".join(list(names)[:3]) + (", ..." if len(names) > 3 else "")
    return f"{', '.join(f'{counted[state]} {state}' for state in _COLOURS if counted[state])}: {first}"


def as_json(news: Sequence[News]) -> dict[str, Any]:
    """For programs: all news, none left out. Chats that know no other key show `text`."""
    return {
        "text": headline(news),
        "news": [
            {
                "state": one.state,
                "text": one.text,
                "asset": one.asset,
                "check": one.check,
                "partition": one.partition,
                "job": one.job,
                "run_id": one.run_id,
                "url": _link(one),
                "receipt": dict(one.receipt),
            }
            for one in news
        ],
    }


def as_slack(news: Sequence[News]) -> dict[str, Any]:
    """The one field that Slack, Mattermost and Rocket.Chat all show; https://docs.slack.dev/messaging/formatting-message-text."""
    lines = [] if len(news) == 1 else [_escaped(headline(news))]
    for one in news[:_MOST_SHOWN]:
        link = f" <{url}|{_place(one)}>" if (url := _link(one)) else ""
        lines += [f"• {one.state}: {_escaped(_short(one))}{link}", *filter(None, [_numbers(one)])]
    return {"text": "\n".join([*lines, *_rest(news)])}


def as_teams(news: Sequence[News]) -> dict[str, Any]:
    """An Adaptive Card in a message, which a workflow of Teams posts; its rich text knows no markup."""
    blocks = [] if len(news) == 1 else [_rich({"text": headline(news), "weight": "bolder"})]
    for one in news[:_MOST_SHOWN]:
        state = {"text": f"{one.state}: ", "color": _COLOURS[one.state], "weight": "bolder"}
        blocks.append(_rich(state, {"text": _short(one)}))
        link = {"text": _place(one)}
        if url := _link(one):
            link["selectAction"] = {"type": "Action.OpenUrl", "url": url}  # type: ignore[assignment]
        blocks.append(_rich({"text": f"{_numbers(one)} ".lstrip(), "isSubtle": True}, link, spacing="none"))
    blocks += [_rich({"text": line}) for line in _rest(news)]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": blocks,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def as_mail(news: Sequence[News]) -> tuple[str, str]:
    """Subject and text of an e-mail, without HTML."""
    parts = [
        "\n".join(filter(None, [f"{one.state}: {_short(one)}", _numbers(one), _link(one) or _place(one)]))
        for one in news[:_MOST_SHOWN]
    ]
    return one_line(f"[messaging_assets] {headline(news)}"), "\n\n".join([*parts, *_rest(news)]) + "\n"


FORMATS: Mapping[str, Callable[[Sequence[News]], dict[str, Any]]] = {
    "json": as_json,
    "slack": as_slack,
    "teams": as_teams,
}


def _link(one: News) -> str | None:
    """The page that shows it: of its run, or of the asset where a sensor found it without one."""
    base = os.environ.get(DAGSTER_VARIABLE, "").rstrip("/")
    return f"{base}/{f'runs/{one.run_id}' if one.run_id else f'assets/{one.asset}'}" if base else None


def _place(one: News) -> str:
    return f"run {one.run_id[:8]}" if one.run_id else "asset's page"


def _numbers(one: News) -> str:
    told = ((name.replace("_", " "), value) for name, value in one.receipt.items() if value)
    return ", ".join(f"{name}: {value:,}" if isinstance(value, int) else f"{name}: {value}" for name, value in told)


def _rest(news: Sequence[News]) -> list[str]:
    left = len(news) - _MOST_SHOWN
    return [f"and {left} more; the UI shows all."] if left > 0 else []


def _short(one: News) -> str:
    line = one_line(one.text)
    if one.partition and one.partition not in line:
        line = f"{line} (partition {one.partition})"
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _escaped(text: str) -> str:
    # Chats that take what Slack takes call everybody by these words.
    text = re.sub(r"@(?=(all|channel|everyone|here)\b)", "@\N{ZERO WIDTH SPACE}", text, flags=re.IGNORECASE)
    # And some of them make a link of what stands so, which would lead where an API wants.
    text = text.replace("](", "]\N{ZERO WIDTH SPACE}(")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _rich(*runs: Mapping[str, Any], spacing: str = "default") -> dict[str, Any]:
    inlines = [{"type": "TextRun", **run} for run in runs if run["text"]]
    return {"type": "RichTextBlock", "spacing": spacing, "inlines": inlines}
