"""CSV and TSV (RFC 4180): each row a record whose values are texts, its fields named by the header or the file."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from messaging_assets.answers.bad_lines import BadLine
from messaging_assets.answers.field_names import shown_name
from messaging_assets.answers.formats.json_text import Unreadable, WrongFormat
from messaging_assets.answers.formats.texts import Records
from messaging_assets.description.endpoint import Format

_DELIMITERS = (",", ";", "\t", "|")
_NAMED = "columns in format can name each, and a filter in steps leaves out the row of the header"
# Python's own bound, of 128 kB, is one for the whole process.
_LARGEST_FIELD = 64_000_000


def delimited_rows(text: str, written: Format) -> Records:
    """Its rows as records. Lines without a field are none; a row of another length than the header is set aside.

    Args:
        text: the answer.
        written: how it is written.

    Raises:
        Unreadable: it is cut off or wrongly quoted, or its header names no columns.
    """
    lines, records = io.StringIO(text, newline=""), Records()
    records += delimited_records(lines, written, records, lambda: text.endswith(("\n", "\r")))
    return records


def delimited_records(
    lines: Iterable[str], written: Format, of: Records, is_ended: Callable[[], bool]
) -> Iterator[dict[str, Any] | BadLine]:
    """The same one by one, as the lines come.

    Args:
        lines: with their ends as they came.
        written: how they are written.
        of: gets the header.
        is_ended: whether the last line had an end; asked when it came.

    Raises:
        Unreadable: see `delimited_rows`.
    """
    rows, names = _rows(lines, written), written.columns
    if names is None:
        _, header = next(rows, (0, None))
        if header is None:
            raise Unreadable("an empty body, without a header (empty_when_missing: true takes it for an empty list)")
        names = header
        _refuse_odd_names(names)
        of.header = tuple(names)
    missing, wanted = frozenset(written.null_values), len(names)
    than = "the header" if written.columns is None else "there are columns"
    is_first, fields = True, wanted
    for line, row in rows:
        fields = len(row)
        if fields != wanted:
            why = f"a row with {'more' if fields > wanted else 'fewer'} fields than {than}"
            yield BadLine(row, why, f"line {line}")
        elif written.columns is not None and is_first and row == names:
            raise WrongFormat("CSV with a header, which columns in format says it has not")
        elif written.columns is None and row == names:
            # Files with a header each, one behind the other.
            yield BadLine(row, "the header once more", f"line {line}")
        elif missing.isdisjoint(row):
            yield dict(zip(names, row, strict=True))
        else:
            yield dict(zip(names, [None if value in missing else value for value in row], strict=True))
        is_first = False
    if fields < wanted and not is_ended():
        raise Unreadable("CSV that is cut off in its last row")


def _rows(lines: Iterable[str], written: Format) -> Iterator[tuple[int, list[str]]]:
    """Each row, with the line that it ends in."""
    csv.field_size_limit(max(csv.field_size_limit(), _LARGEST_FIELD))
    before = written.skip_rows_before_header
    reader = csv.reader(
        islice(lines, before, None),
        delimiter=written.delimiter or ("\t" if written.type == "tsv" else ","),
        quotechar=written.quote_char,
        quoting=csv.QUOTE_NONE if written.quote_char is None else csv.QUOTE_MINIMAL,
        escapechar=written.escape_char,
        strict=True,
    )
    try:
        for row in reader:
            if row:
                yield reader.line_num + before, row
    except csv.Error as error:
        if "NUL" in str(error):
            raise Unreadable("CSV with a NUL character, which Python reads from 3.11 on") from None
        is_cut = "unexpected end of data" in str(error)
        words = "that is cut off inside quotes" if is_cut else "whose quotes cannot be followed"
        raise Unreadable(
            f"CSV {words} (line {reader.line_num + before}; quote_char in format says how it is quoted)"
        ) from None


def _refuse_odd_names(names: Sequence[str]) -> None:
    """See that each column has a name of its own.

    Raises:
        Unreadable: one has none, two share one, or another delimiter stands between them.
    """
    if (empty := next((place for place, name in enumerate(names, 1) if not name.strip()), None)) is not None:
        raise WrongFormat(f"CSV whose column {empty} has no name in the header ({_NAMED})")
    if len(names) == 1 and (other := next((one for one in _DELIMITERS if one in names[0]), None)) is not None:
        shown = "a tab" if other == "\t" else f"'{other}'"
        raise WrongFormat(f"CSV of one column, in whose header {shown} stands (delimiter in format names it)")
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    if twice is not None:
        raise WrongFormat(f"CSV whose header names a column twice ({shown_name(twice)}; {_NAMED})")
