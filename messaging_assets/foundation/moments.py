"""Moments as APIs write them: read exactly, and written again in the same way.

A moment is a Decimal of seconds since 1970 in UTC. Python's own datetime keeps six digits of a second, and ends with
year 9999 in every zone. What cannot be read for sure is None, never a guess.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from email.utils import formatdate, parsedate_tz
from functools import lru_cache
from typing import Any

DAY = 86_400
# Units of time since 1970, by the API file's words, as digits of a second.
EPOCHS = {
    "epoch_seconds": 0,
    "epoch_ms": 3,
    "epoch_milliseconds": 3,
    "epoch_us": 6,
    "epoch_microseconds": 6,
    "epoch_ns": 9,
    "epoch_nanoseconds": 9,
}
# So large are seconds from 1985 to the end of the year 9999; a thousand times more are milliseconds, and so on.
_LEAST_SECONDS, _LARGEST_SECONDS = Decimal("5e8"), Decimal("2.535e11")
# Hundreds of nanoseconds since 1601, as Windows counts them, would be microseconds of the years 5800 to 7000.
_SINCE_1601 = Decimal("1.2e17"), Decimal("1.6e17")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_ISO = re.compile(
    r"(?P<year>\d{4})(?P<dash>[-/]?)(?P<month>\d\d)(?:(?P=dash)(?P<day>\d\d)"
    r"(?:(?P<gap>[Tt ]|(?<=\d)(?=\d))(?P<hour>\d\d)(?P<colon>:?)(?P<minute>\d\d)(?:(?P=colon)(?P<second>\d\d)"
    r"(?:(?P<point>[.,])(?P<digits>\d+))?)?)?)?(?P<blank> ?)(?P<zone>Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?"
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# RFC 5322, and asctime as some APIs have it, with a zone before the year or without one.
_MAIL = re.compile(
    r"(?P<weekday>[A-Za-z]{3,9}, ?)?(?P<day>\d{1,2}) (?P<month>[A-Za-z]{3}) (?P<year>\d{4}) "
    r"(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: (?P<zone>[A-Z]{1,4}|[+-]\d{4}))?"
)
_ASCTIME = re.compile(
    r"(?P<weekday>[A-Za-z]{3}) (?P<month>[A-Za-z]{3}) (?P<day>[ \d]?\d) "
    r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?: (?P<zone>[A-Z]{1,4}|[+-]\d{4}))? (?P<year>\d{4})"
)
# Milliseconds since 1970 as .NET's older serializers wrote them; an offset behind them only says where it was.
_DOTNET = re.compile(r"/Date\((?P<milliseconds>-?\d{1,15})(?P<zone>[+-]\d{4})?\)/")
_TIME_OF_DAY = re.compile(r"%[cfHIMSX]")
_ZONES = {"Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6}
_ZONES |= {"PST": -8, "PDT": -7}


def number_of(value: Any) -> Decimal | None:
    """A number or a text of one; None for anything else."""
    if type(value) is int:
        return Decimal(value)
    if isinstance(value, (float, Decimal)):
        number = Decimal(value) if isinstance(value, Decimal) else Decimal(repr(value))
        return number if number.is_finite() else None
    return _number_in(str(value)) if isinstance(value, str) else None


@lru_cache(maxsize=4096)
def _number_in(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def unit_of(number: Decimal) -> int | None:
    """The unit that a number of time since 1970 would be in, as digits of a second, by its size alone.

    Nanoseconds have the size of many APIs' ids, so that they are never guessed.
    """
    if _SINCE_1601[0] <= number < _SINCE_1601[1]:
        return None
    for digits in (0, 3, 6):
        if _LEAST_SECONDS <= number.scaleb(-digits) < _LARGEST_SECONDS:
            return digits
    return None


def moment_of(value: Any, pattern: str | None = None, zone: tzinfo = timezone.utc) -> Decimal | None:
    """The moment that a text, a date or a datetime says; None where it says none. Numbers are not looked at.

    Args:
        value: what a record holds.
        pattern: a pattern of strptime that the file declares; nothing else counts then.
        zone: the zone of what names none.
    """
    if isinstance(value, datetime):
        return _seconds_of(value, zone)
    if isinstance(value, date):
        return _seconds_of(datetime(value.year, value.month, value.day, tzinfo=zone), zone)
    if not isinstance(value, str):
        return None
    return _moment_in(str(value), pattern, zone)


@lru_cache(maxsize=4096)
def _moment_in(text: str, pattern: str | None, zone: tzinfo) -> Decimal | None:
    if pattern is not None:
        try:
            return _seconds_of(datetime.strptime(text, pattern), zone)  # noqa: DTZ007 - the zone is the file's
        except ValueError:
            return None
    if found := _ISO.fullmatch(text):
        return _iso(found, zone)
    if found := _DOTNET.fullmatch(text):
        return Decimal(found["milliseconds"]).scaleb(-3)
    return _mail(text, zone)


def has_time_of_day(pattern: str) -> bool:
    """Whether a pattern of strptime reads a time of day."""
    return bool(_TIME_OF_DAY.search(pattern.replace("%%", "")))


def is_day(value: Any) -> bool:
    """Whether a value says a day and no time of it."""
    if isinstance(value, str):
        found = _ISO.fullmatch(value)
        return bool(found and not found["hour"])
    return isinstance(value, date) and not isinstance(value, datetime)


def _iso(found: re.Match[str], zone: tzinfo) -> Decimal | None:
    # Twenty-four o'clock is ISO 8601's word for the next day's beginning.
    hour, is_next = (found["hour"] or "00"), found["hour"] == "24"
    if is_next and (found["minute"], found["second"] or "00") != ("00", "00"):
        return None
    try:
        second = datetime(
            int(found["year"]),
            int(found["month"]),
            int(found["day"] or 1),
            0 if is_next else int(hour),
            int(found["minute"] or 0),
            # A leap second is as late as can be told.
            min(int(found["second"] or 0), 59) if found["second"] == "60" else int(found["second"] or 0),
            tzinfo=timezone.utc,
        )
    except ValueError:
        return None
    whole = _seconds_in(second, found["zone"], zone)
    if whole is None:
        return None
    return whole + DAY * is_next + (Decimal(f"0.{found['digits']}") if found["digits"] else 0)


def _mail(text: str, zone: tzinfo) -> Decimal | None:
    found = _MAIL.fullmatch(text) or _ASCTIME.fullmatch(text)
    parsed = parsedate_tz(text) if found else None
    if found is None or parsed is None or found["month"].title() not in _MONTHS:
        return None
    try:
        return _seconds_in(datetime(*parsed[:6], tzinfo=timezone.utc), found["zone"], zone)
    except ValueError:
        return None


def _seconds_in(local: datetime, written: str | None, zone: tzinfo) -> Decimal | None:
    """A local time as seconds in UTC; None for a zone whose name is not known."""
    if written is None:
        return _seconds_of(local.replace(tzinfo=zone), zone)
    if written[0] in "+-":
        hours, minutes = int(written[1:3]), int(written[3:].lstrip(":") or 0)
        offset = (hours * 60 + minutes) * (-60 if written[0] == "-" else 60)
    elif (known := _ZONES.get(written.upper())) is not None:
        offset = known * 3600
    else:
        return None
    return Decimal(calendar.timegm(local.timetuple()) - offset)


def _seconds_of(moment: datetime, zone: tzinfo) -> Decimal:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    offset = moment.utcoffset() or timedelta()
    local = calendar.timegm(moment.replace(tzinfo=None).timetuple())
    return Decimal(local) - int(offset.total_seconds()) + Decimal(moment.microsecond).scaleb(-6)


def datetime_of(seconds: Decimal, zone: tzinfo = timezone.utc) -> datetime:
    """A moment as Python's datetime in a zone, with six digits of the second.

    Raises:
        OverflowError: it is not in the years 1 to 9999.
    """
    # Whole microseconds, because floats of seconds do not hold them.
    microseconds = int(seconds.scaleb(6).to_integral_value(rounding="ROUND_FLOOR"))
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=microseconds)).astimezone(zone)


def written_like(sample: Any, seconds: Decimal, pattern: str | None = None, zone: tzinfo = timezone.utc) -> Any:
    """A moment in the way that a sample of the same API is written in: its shape, its zone, its digits.

    Args:
        sample: a text, a date or a datetime of which `moment_of` knows the moment.
        seconds: the moment.
        pattern: the pattern of strptime that the file declares for it.
        zone: the zone of what names none.
    """
    if isinstance(sample, datetime):
        return datetime_of(seconds, sample.tzinfo) if sample.tzinfo else datetime_of(seconds, zone).replace(tzinfo=None)
    if isinstance(sample, date):
        return datetime_of(seconds, zone).date()
    if pattern is not None:
        own = datetime.strptime(sample, pattern).tzinfo  # noqa: DTZ007 - it is asked for its zone
        return datetime_of(seconds, own or zone).strftime(pattern)
    for shape, write in _SHAPES:
        if found := shape.fullmatch(sample):
            return write(found, datetime_of(seconds, _zone_of(found["zone"], zone)), seconds % 1)
    raise ValueError("no moment")


def _zone_of(written: str | None, zone: tzinfo) -> tzinfo:
    if written is None:
        return zone
    seconds = _seconds_in(datetime(1970, 1, 1, tzinfo=timezone.utc), written, zone) or Decimal(0)
    return timezone(timedelta(seconds=-int(seconds)))


def _as_iso(found: re.Match[str], moment: datetime, fraction: Decimal) -> str:
    dash, colon = found["dash"], found["colon"] or ""
    text = f"{moment.year:04d}{dash}{moment.month:02d}"
    if found["day"]:
        text += f"{dash}{moment.day:02d}"
    if found["hour"]:
        text += f"{found['gap']}{moment.hour:02d}{colon}{moment.minute:02d}"
    if found["second"] or (found["hour"] and (moment.second or fraction)):
        text += f"{colon}{moment.second:02d}"
        digits = len(found["digits"] or "")
        exact = f"{fraction:f}".partition(".")[2].rstrip("0")
        shown = exact.ljust(digits if len(exact) <= digits else max(6, len(exact)), "0")
        text += f"{found['point'] or '.'}{shown}" if digits or exact else ""
    return text + found["blank"] + (found["zone"] or "")


def _as_mail(found: re.Match[str], moment: datetime, fraction: Decimal) -> str:
    weekday = f"{_DAYS[moment.weekday()]}, " if found["weekday"] else ""
    second = f":{moment.second:02d}" if found["second"] or moment.second else ""
    time = f"{moment.hour:02d}:{moment.minute:02d}{second}"
    zone = f" {found['zone']}" if found["zone"] else ""
    day = f"{moment.day:02d}" if len(found["day"]) == 2 else str(moment.day)
    return f"{weekday}{day} {_MONTHS[moment.month - 1]} {moment.year:04d} {time}{zone}"


def _as_asctime(found: re.Match[str], moment: datetime, fraction: Decimal) -> str:
    day = f"{moment.day:2d}" if found["day"].startswith(" ") else f"{moment.day:02d}"
    zone = f" {found['zone']}" if found["zone"] else ""
    return (
        f"{_DAYS[moment.weekday()]} {_MONTHS[moment.month - 1]} {day} "
        f"{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}{zone} {moment.year:04d}"
    )


def _as_dotnet(found: re.Match[str], moment: datetime, fraction: Decimal) -> str:
    milliseconds = calendar.timegm(moment.utctimetuple()) * 1000 + int(fraction * 1000)
    return f"/Date({milliseconds}{found['zone'] or ''})/"


_SHAPES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime, Decimal], str]], ...] = (
    (_ISO, _as_iso),
    (_MAIL, _as_mail),
    (_ASCTIME, _as_asctime),
    (_DOTNET, _as_dotnet),
)


def written(seconds: Decimal, format_: str, zone: tzinfo = timezone.utc, is_end: bool = False) -> str | int:
    """A moment in one of the API file's formats; what the format cannot hold is cut off, and at an end added.

    Args:
        seconds: the moment.
        format_: `iso` (`iso8601`), `date`, `http` (RFC 9110, section 5.6.7), one of `EPOCHS`, or a pattern of strftime.
        zone: of dates and patterns.
        is_end: whether it is the end of a range, of which nothing may be lost.
    """
    rounding = "ROUND_CEILING" if is_end else "ROUND_FLOOR"
    if (digits := EPOCHS.get(format_)) is not None:
        return int(seconds.scaleb(digits).to_integral_value(rounding=rounding))
    if format_ == "date":
        day = datetime_of(seconds, zone)
        is_later = is_end and (day.hour, day.minute, day.second, day.microsecond) != (0, 0, 0, 0)
        return (day.date() + timedelta(days=is_later)).isoformat()
    if format_ == "http":
        return formatdate(int(seconds.to_integral_value(rounding=rounding)), usegmt=True)
    if format_ in ("iso", "iso8601"):
        moment = datetime_of(seconds).replace(tzinfo=None)
        digits_text = f"{seconds % 1:f}".partition(".")[2].rstrip("0")
        return moment.replace(microsecond=0).isoformat() + (f".{digits_text}" if digits_text else "") + "Z"
    if is_end and "%f" not in format_:
        seconds = seconds.to_integral_value(rounding=rounding)
    return datetime_of(seconds, zone).strftime(format_)
