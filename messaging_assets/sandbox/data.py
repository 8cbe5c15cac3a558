"""The rows that the sandbox serves: plausible, consistent, and the same for the same seed number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import count
from random import Random
from typing import Any, NamedTuple

Row = dict[str, Any]

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
YEAR = timedelta(days=365)
USERS, CHANNELS = 250, 40
ADJECTIVES = ("amber", "brisk", "calm", "dusty", "eager", "fuzzy", "golden", "hazy", "icy", "jolly")
ANIMALS = ("otter", "heron", "lynx", "badger", "falcon", "gecko", "ibis", "jackal", "koala", "lemur")
PHRASES = (
    "deploy finished",
    "queue grows",
    "großartig",
    "naïve café",
    "会議",
    "сервер",
    "retry later",
    "all 🎉",
)
EMOJI = ("👍", "🎉", "👀", "❤️", "🚀")


class Table(NamedTuple):
    """One resource of one API: the path segment it is served under, its first rows, and how a row is made."""

    api: str
    resource: str
    path: str
    size: int
    make: Callable[[Random, int, str], Row]


def generate(seed: int, table: Table) -> Iterator[Row]:
    """Yield the rows of `table` without end, each newer than the one before.

    The first `table.size` rows spread over the year 2025, so that windows of any length hold some; those
    that grow afterwards are a minute apart.
    """
    random = Random(f"{seed}/{table.api}/{table.resource}")
    moment, step = START, YEAR.total_seconds() / table.size
    for number in count(1):
        moment += timedelta(seconds=int(random.uniform(0.2, 1.7) * step) if number <= table.size else 60)
        yield table.make(random, number, f"{moment:%Y-%m-%dT%H:%M:%SZ}")


def _sentence(random: Random) -> str:
    return " ".join(random.choices(PHRASES, k=random.randrange(2, 10)))


def _user(random: Random, number: int, moment: str) -> Row:
    name = f"{random.choice(ADJECTIVES)}.{random.choice(ANIMALS)}"
    email = None if random.random() < 0.1 else f"{name}.{number}@example.com"
    return {
        "id": f"user_{number:06d}",
        "name": name,
        "created_at": moment,
        "email": email,
        "is_bot": random.random() < 0.05,
    }


def _channel(random: Random, number: int, moment: str) -> Row:
    return {
        "id": f"channel_{number:06d}",
        "name": f"{random.choice(ADJECTIVES)}-{number:02d}",
        "created_at": moment,
        "topic": None if random.random() < 0.3 else _sentence(random),
        "is_archived": random.random() < 0.15,
        "member_count": random.randrange(2, USERS),
    }


def _user_id(random: Random) -> str:
    return f"user_{random.randrange(USERS) + 1:06d}"


def _reactions(random: Random) -> list[Row]:
    chosen = random.sample(EMOJI, k=random.choice((0, 0, 0, 1, 2)))
    return [{"emoji": emoji, "count": (n := random.randrange(1, 4)), "users": _users(random, n)} for emoji in chosen]


def _users(random: Random, number: int) -> list[str]:
    return [_user_id(random) for _ in range(number)]


def _team_message(random: Random, number: int, moment: str) -> Row:
    return {
        "id": f"msg_{number:06d}",
        "name": " ".join(random.choices(PHRASES, k=2)),
        "created_at": moment,
        "channel_id": f"channel_{random.randrange(CHANNELS) + 1:06d}",
        "user_id": _user_id(random),
        "text": _sentence(random),
        "reactions": _reactions(random),
    }


def _message(random: Random, number: int, moment: str) -> Row:
    attachments = [
        {
            "name": f"report-{part}.pdf",
            "media_type": "application/pdf",
            "bytes": random.randrange(1_000, 5_000_000),
        }
        for part in range(random.choice((0, 0, 0, 0, 1, 2)))
    ]
    return {
        "id": f"msg_{number:06d}",
        "message_id": f"{random.getrandbits(64):016x}",
        "timestamp": moment,
        "content": _sentence(random),
        "sender_id": _user_id(random),
        "reactions": _reactions(random),
        "attachments": attachments,
        "edited_at": moment if random.random() < 0.05 else None,
    }


def _broker_message(random: Random, number: int, moment: str) -> Row:
    return {
        "id": f"msg_{number:06d}",
        "message_id": f"{random.getrandbits(64):016x}",
        "timestamp": moment,
        "content": _sentence(random),
        "topic": random.choice(("orders", "billing", "audit", "signups")),
        "priority": random.randrange(10),
        "delivered": random.random() < 0.97,
        "headers": {"content_type": "text/plain", "attempt": random.randrange(1, 4)},
    }


def _thing(random: Random, number: int, moment: str) -> Row:
    value = None if random.random() < 0.08 else round(random.uniform(-50, 1_000), 3)
    name = f"{random.choice(ADJECTIVES)} {random.choice(ANIMALS)}"
    return {"id": f"res_{number:06d}", "name": name, "value": value}


def _alert(random: Random, number: int, moment: str) -> Row:
    return {
        "id": f"alert_{number:06d}",
        "customer_id": f"customer_{random.randrange(60) + 1:06d}",
        "user_key": f"{random.getrandbits(40):010x}",
        "severity": random.choice(("info", "warning", "critical")),
        "labels": {"service": random.choice(ANIMALS), "region": random.choice(("eu", "us", "ap"))},
        "fired_at": moment,
    }


TABLES = {
    (table.api, table.resource): table
    for table in (
        Table("message_broker", "message_broker_resource", "messages", 1_200, _broker_message),
        Table("messaging", "messages", "messages", 2_500, _message),
        Table("generic_rest", "resource_name", "resource", 300, _thing),
        Table("monitoring", "resource_name", "resource", 800, _alert),
        Table("team_messaging", "users", "users", USERS, _user),
        Table("team_messaging", "channels", "channels", CHANNELS, _channel),
        Table("team_messaging", "messages", "messages", 3_000, _team_message),
    )
}

OAUTH_API = "team_messaging"
APIS = tuple(dict.fromkeys(api for api, _ in TABLES))
RESOURCES = (*TABLES, (OAUTH_API, "token"))
