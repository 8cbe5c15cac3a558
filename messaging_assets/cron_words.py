"""Cron lines in plain words, for the usual shapes."""

from __future__ import annotations

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHORT = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def cron_in_words(cron: str) -> str | None:
    """What a cron line means, such as "every day at 06:30"; None for shapes that are not known here.

    Args:
        cron: five fields or a macro such as @hourly; taken to be valid.
    """
    fields = _MACROS.get(cron.strip().lower(), cron).lower().split()
    if len(fields) != 5:
        return None
    minute, hour, day, month, weekday = fields
    if month != "*":
        return None
    if hour == "*" and day == weekday == "*":
        return _within_an_hour(minute)
    if minute.isdigit() and hour.startswith("*/") and hour[2:].isdigit() and day == weekday == "*":
        if 24 % max(int(hour[2:]), 1):
            return None  # it begins anew at midnight
        past = "" if int(minute) == 0 else f", {int(minute)} minutes past"
        return f"every {int(hour[2:])} hours{past}"
    days = _which_days(day, weekday)
    if days and minute.isdigit() and all(one.isdigit() for one in hour.split(",")):
        times = " and ".join(f"{int(one):02d}:{int(minute):02d}" for one in hour.split(","))
        return f"{days} at {times}"
    return None


def _within_an_hour(minute: str) -> str | None:
    if minute in ("*", "*/1"):
        return "every minute"
    if minute.startswith("*/") and minute[2:].isdigit():
        # Others begin anew at each full hour.
        return f"every {int(minute[2:])} minutes" if 60 % max(int(minute[2:]), 1) == 0 else None
    if minute.isdigit():
        return "every full hour" if int(minute) == 0 else f"every hour, {int(minute)} minutes past"
    return None


def _which_days(day: str, weekday: str) -> str | None:
    if day == weekday == "*":
        return "every day"
    if day.isdigit() and weekday == "*":
        return f"on day {int(day)} of every month"
    if day != "*":
        return None
    if weekday in ("1-5", "mon-fri"):
        return "Monday to Friday"
    numbers = [_SHORT.index(one) if one in _SHORT else int(one) if one.isdigit() else -1 for one in weekday.split(",")]
    if all(0 <= number < len(_DAYS) for number in numbers):
        return "every " + " and ".join(_DAYS[number] for number in numbers)
    return None
