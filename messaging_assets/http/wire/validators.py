"""What an API calls a list: its ETag or Last-Modified (RFC 9110, section 8.8), and what a 304 says of that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from messaging_assets.foundation.failures import SyncFailure

_OF_ENCODING = re.compile(r'[-;]+(gzip|br|deflate|zstd)(?="$)')


class Unchanged(SyncFailure):
    """The API says that a list is the one that it was (304), and sends none.

    Args:
        validator: what the API called it, an ETag or a Last-Modified.
        where: the asset's name.
        other: what the answer calls it all the same, where that is another name; it is to be read then.

    Attributes:
        name: the header that says so.
        is_strong: whether it changes with every byte of the list.
    """

    # Whoever reads on after one that names another list reads all of it.
    is_anew = True

    def __init__(self, validator: str, where: str, other: str | None = None) -> None:
        super().__init__("the list is the one that it was", where=where)
        self.validator = validator
        self.name = "ETag" if is_etag(validator) else "Last-Modified"
        self.is_strong = validator.startswith('"')
        self.other = other


def validator_of(headers: Mapping[str, str]) -> str | None:
    """What an answer calls its list; None where it has no name that another list could not have."""
    etag, modified = headers.get("ETag", "").strip(), headers.get("Last-Modified", "").strip()
    return etag if is_etag(etag) else modified if _is_past(modified, headers.get("Date", "")) else None


def _is_past(modified: str, date: str) -> bool:
    """Whether a list can no more change within the second that names it (RFC 9110, section 8.8.2.2)."""
    try:
        return (parsedate_to_datetime(date) - parsedate_to_datetime(modified)).total_seconds() >= 1
    except (ValueError, TypeError):
        return False


def other_than(validator: str, headers: Mapping[str, str]) -> str | None:
    """What a 304 calls the list, where that is not the one that was asked about.

    Args:
        validator: what that one was called.
        headers: of the 304, which has the name that the list has now, if any (RFC 9110, section 15.4.5).
    """
    now = headers.get("ETag", "").strip()
    return now if is_etag(now) and is_etag(validator) and _opaque(now) != _opaque(validator) else None


def _opaque(etag: str) -> str:
    """An ETag without what servers add to it for an encoding."""
    return _OF_ENCODING.sub("", etag.removeprefix("W/"))


def is_etag(validator: str) -> bool:
    """Whether it is an ETag (RFC 9110, section 8.8.3), and no date."""
    return validator.removeprefix("W/").startswith('"')
