"""CSV and TSV (RFC 4180): each row a record whose values are texts, its fields named by the header or the file."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence

from messaging_assets.answers.bad_lines import BadLine
from messaging_assets.answers.field_names import shown_name
from messaging_assets.answers.formats.json_text import Unreadable, WrongFormat
from messaging_assets.answers.formats.texts import Records
from messaging_assets.description.endpoint import Format

_DELIMITERS = (",", ";", "\t", "|")
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
    rows = _rows(text, written)
    names, records = written.columns, Records()
    if names is None:
        _, header = next(rows, (0, None))
        if header is None:
            raise Unreadable("an empty body, without a header")
        names = header
        _refuse_odd_names(names)
        records.header = tuple(names)
    missing, wanted = frozenset(written.null_values), len(names)
    of = "the header" if written.columns is None else "there are columns"
    is_ended = text.endswith(("\n", "\r"))
    for line, row in rows:
        if len(row) != wanted:
            why = f"a row with {'more' if len(row) > wanted else 'fewer'} fields than {of}"
            records.append(BadLine(row, why, f"line {line}"))
        elif written.columns is not None and row == names and not records:
            raise Unreadable("CSV with a header, which columns in format says it has not")
        elif missing.isdisjoint(row):
            records.append(dict(zip(names, row, strict=True)))
        else:
            values = (None if value in missing else value for value in row)
            records.append(dict(zip(names, values, strict=True)))
    if records and isinstance(records[-1], BadLine) and len(records[-1]) < wanted and not is_ended:
        raise Unreadable("CSV that is cut off in its last row")
    return records


def _rows(text: str, written: Format) -> Iterator[tuple[int, list[str]]]:
    """Each row, with the line that it ends in."""
    csv.field_size_limit(max(csv.field_size_limit(), _LARGEST_FIELD))
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=written.delimiter or ("\t" if written.type == "tsv" else ","),
        quotechar=written.quote_char,
        quoting=csv.QUOTE_NONE if written.quote_char is None else csv.QUOTE_MINIMAL,
        escapechar=written.escape_char,
        strict=True,
    )
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        is_cut = "unexpected end of data" in str(error)
        words = "that is cut off inside quotes" if is_cut else "whose quotes cannot be followed"
        raise Unreadable(f"CSV {words} (line {reader.line_num}; quote_char in format says how it is quoted)") from None


def _refuse_odd_names(names: Sequence[str]) -> None:
    """See that each column has a name of its own.

    Raises:
        Unreadable: one has none, two share one, or another delimiter stands between them.
    """
    if (empty := next((place for place, name in enumerate(names, 1) if not name.strip()), None)) is not None:
        raise Unreadable(f"CSV whose column {empty} has no name in the header")
    if len(names) == 1 and (other := next((one for one in _DELIMITERS if one in names[0]), None)) is not None:
        shown = "a tab" if other == "\t" else f"'{other}'"
        raise WrongFormat(f"CSV of one column, in whose header {shown} stands (delimiter in format names it)")
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    if twice is not None:
        raise Unreadable(f"CSV whose header names a column twice ({shown_name(twice)})")
