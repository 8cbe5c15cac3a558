from __future__ import annotations

import pytest

from messaging_assets.cron_words import cron_in_words


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("0 * * * *", "every full hour"),
        ("@hourly", "every full hour"),
        ("20 * * * *", "every hour, 20 minutes past"),
        ("0 */6 * * *", "every 6 hours"),
        ("5 */6 * * *", "every 6 hours, 5 minutes past"),
        ("30 6 * * *", "every day at 06:30"),
        ("0 6,18 * * *", "every day at 06:00 and 18:00"),
        ("0 7 * * 1-5", "Monday to Friday at 07:00"),
        ("0 7 * * MON", "every Monday at 07:00"),
        ("0 7 * * 1,4", "every Monday and Thursday at 07:00"),
        ("0 7 * * 7", "every Sunday at 07:00"),
        ("@monthly", "on day 1 of every month at 00:00"),
    ],
)
def test_usual_shapes_have_words(cron: str, words: str) -> None:
    assert cron_in_words(cron) == words


@pytest.mark.parametrize(
    "cron",
    [
        "0 0 1 1 *",
        "*/7 * * * *",
        "0 */5 * * *",
        "0 9-17 * * *",
        "1,31 * * * *",
        "0 0 13 * 5",
        "0 0 * * 5L",
        "0 0 */2 * *",
        "0 0 * * 9",
        "* *",
    ],
)
def test_other_shapes_have_none_rather_than_wrong_ones(cron: str) -> None:
    assert cron_in_words(cron) is None
