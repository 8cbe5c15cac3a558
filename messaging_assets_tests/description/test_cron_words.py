from __future__ import annotations

import re
from calendar import day_name, month_name
from datetime import datetime, timedelta

import pytest
from dagster._utils.schedules import CroniterShim, is_valid_cron_schedule
from hypothesis import given
from hypothesis import strategies as st

from messaging_assets.description.automation import cron_in_words, names_no_day


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("*/7 * * * *", "at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour"),
        ("0 * * * *", "every full hour"),
        ("@hourly", "every full hour"),
        ("20 * * * *", "every hour, 20 minutes past"),
        ("0 */6 * * *", "every 6 hours"),
        ("1 */6 * * *", "every 6 hours, 1 minute past"),
        ("0 */5 * * *", "every day at 00:00, 05:00, 10:00, 15:00 and 20:00"),
        ("30 6 * * *", "every day at 06:30"),
        ("0 6,18 * * *", "every day at 06:00 and 18:00"),
        ("0 7 * * 1-5", "Monday to Friday at 07:00"),
        ("0 9-17 * * 1-5", "Monday to Friday, every hour from 09:00 to 17:00"),
        ("*/15 9-17 * * *", "every 15 minutes in the hours 9 to 17"),
        ("* 3 * * *", "every minute in the hour 3"),
        ("0 7 * * MON", "every Monday at 07:00"),
        ("0 7 * * 1,4", "every Monday and Thursday at 07:00"),
        ("0 7 * * 7", "every Sunday at 07:00"),
        ("@monthly", "on day 1 of every month at 00:00"),
        ("30 6 1,15 * *", "on days 1 and 15 of every month at 06:30"),
        ("0 0 29 2 *", "on day 29 of February at 00:00"),
        ("0 12 * 6 *", "every day in June at 12:00"),
        ("0 0 13 * 5", "on day 13 of every month and every Friday at 00:00"),
        ("0 0 1,L * *", "on day 1 and the last day of every month at 00:00"),
    ],
)
def test_lines_have_words(cron: str, words: str) -> None:
    assert cron_in_words(cron) == words


def test_counted_weekdays_have_none_rather_than_wrong_ones() -> None:
    assert cron_in_words("0 0 * * 5#2") is None


@pytest.mark.parametrize(
    ("cron", "is_so"),
    [
        ("0 0 31 2 *", True),
        ("0 0 30,31 2 *", True),
        ("0 0 31 4,6 *", True),
        ("0 0 29 2 *", False),
        ("0 0 31 2,3 *", False),
        ("0 0 L 2 *", False),
        ("@daily", False),
    ],
)
def test_a_day_that_no_month_has_is_known(cron: str, is_so: bool) -> None:
    assert names_no_day(cron) is is_so


def field(lowest: int, highest: int) -> st.SearchStrategy[str]:
    """A field of a cron line: all, a step, a range or a list."""
    number = st.integers(lowest, highest)
    steps = st.integers(1, highest).map("*/{}".format)
    ranges = st.tuples(number, number, st.integers(1, 3)).map(lambda one: "{}-{}/{}".format(*sorted(one[:2]), one[2]))
    lists = st.lists(number, min_size=1, max_size=3).map(lambda one: ",".join(map(str, one)))
    return st.one_of(st.just("*"), steps, ranges, lists)


LINES = st.tuples(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7)).map(" ".join)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 31))  # noqa: DTZ001 - hypothesis takes bare ones


@given(LINES, MOMENTS)
def test_words_say_exactly_when_a_line_ticks(line: str, moment: datetime) -> None:
    if not is_valid_cron_schedule(line) or names_no_day(line):
        return
    words = cron_in_words(line)
    assert words is not None
    tick = CroniterShim(line, moment).get_next(datetime)
    for one in (moment.replace(second=0, microsecond=0), tick, tick - timedelta(minutes=1), tick + timedelta(hours=1)):
        assert is_meant(words, one) is CroniterShim.match(line, one), (line, words, one)


def is_meant(words: str, moment: datetime) -> bool:
    """Whether a moment is among those that words describe, taken literally."""
    time = r"(?:(?:, |^)(every (?:minute|full hour|hour|\d+).*|at minutes .*)| at (\d\d:\d\d.*))$"
    found = re.search(time, words)
    assert found
    days = words[: found.start()]
    clock = f"{moment:%H:%M}"
    is_time = clock in found[2] if found[2] else is_often(found[1], moment, clock)
    return is_time and (
        days in ("", "every day")
        or any(is_day(one, moment) for one in re.split(" and (?=every|[A-Z]\\w+day to)", days))
    )


def is_often(words: str, moment: datetime, clock: str) -> bool:
    step = re.match(r"every (\d+) (minutes|hours)", words)
    hours = re.search(r" in the hours? (.*)", words)
    ends = re.search(r"from (\d\d:\d\d) to (\d\d:\d\d)", words)
    past = re.search(r", (\d+) minutes? past", words)
    if ends:
        return ends[1] <= clock <= ends[2] and clock[3:] == ends[1][3:]
    if hours and not has(hours[1], moment.hour):
        return False
    if step and step[2] == "minutes":
        return moment.minute % int(step[1]) == 0
    if words.startswith("at minutes"):
        return has(words.partition(" in ")[0].removesuffix(" of every hour"), moment.minute)
    return words.startswith("every minute") or (
        moment.minute == int(past[1] if past else 0) and moment.hour % int(step[1] if step else 1) == 0
    )


def is_day(words: str, moment: datetime) -> bool:
    months = [name for name in month_name[1:] if re.search(rf"\b{name}\b", words)]
    if months and month_name[moment.month] not in months:
        return False
    is_last = (moment + timedelta(days=1)).month != moment.month
    if words.startswith("on "):
        return has(words.partition(" of ")[0], moment.day) or ("the last day" in words and is_last)
    ends = re.match(r"(\w+day) to (\w+day)", words)
    names = list(day_name)
    if ends:
        return names.index(ends[1]) <= moment.weekday() <= names.index(ends[2])
    return words.startswith("every day") or day_name[moment.weekday()] in words


def has(words: str, number: int) -> bool:
    """Whether a list such as "1, 2 and 5", or a range such as "9 to 17", has a number."""
    ends = re.fullmatch(r"(\d+) to (\d+)", words)
    return int(ends[1]) <= number <= int(ends[2]) if ends else str(number) in re.findall(r"\d+", words)
