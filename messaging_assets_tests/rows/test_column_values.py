"""One column's values: what is converted, what is refused, and that nothing is altered in silence."""

from __future__ import annotations

import datetime
import json
import math
from contextlib import nullcontext
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_assets.answers.formats.json_text import NotFinite
from messaging_assets.rows.values.conversion import (
    LARGEST_VALUE,
    Converted,
    arrow_type,
    convert,
    convert_declared,
    data_type_of,
)
from messaging_assets.rows.values.nested import Misfit, all_fit_tables, depth, refuse_for_tables, shown, to_json, twins

UTC = datetime.timezone.utc
NEW_YEAR = datetime.datetime(2025, 1, 1, tzinfo=UTC)


def converted(values: list[Any], data_type: str, **column: Any) -> Converted:
    return convert(values, data_type, arrow_type(data_type, **column))


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels - 1):
        value = [value]
    return value


FITTING = [
    ("text", "é 日本 🎉", "é 日本 🎉"),
    ("text", 7, "7"),
    ("text", 2**70, str(2**70)),
    ("text", {"a": [1]}, '{"a":[1]}'),
    ("text", True, "true"),
    ("bigint", 2**63 - 1, 2**63 - 1),
    ("bigint", -(2**63), -(2**63)),
    ("bigint", "7", 7),
    ("bigint", "-7", -7),
    ("bigint", 7.0, 7),
    ("double", 7, 7.0),
    ("double", "0.1", 0.1),
    ("double", "1e5", 1e5),
    ("bool", "true", True),
    ("bool", False, False),
    ("bool", 1, True),
    ("bool", 0, False),
    ("timestamp", "2025-01-01T00:00:00Z", NEW_YEAR),
    ("timestamp", "2025-01-01T02:00:00+02:00", NEW_YEAR),
    ("timestamp", "2025-01-01T00:00:00", NEW_YEAR),
    ("timestamp", "2025-01-01 00:00:00", NEW_YEAR),
    ("timestamp", "20250101T000000Z", NEW_YEAR),
    ("timestamp", "/Date(1735689600000+0100)/", NEW_YEAR),
    ("timestamp", "Wed, 01 Jan 2025 02:00:00 +0200", NEW_YEAR),
    ("timestamp", "1 Jan 2025 00:00:00 GMT", NEW_YEAR),
    ("timestamp", "0001-01-01T00:00:00Z", datetime.datetime(1, 1, 1, tzinfo=UTC)),
    ("timestamp", 1735689600, NEW_YEAR),
    ("timestamp", 1735689600.25, NEW_YEAR + datetime.timedelta(milliseconds=250)),
    ("timestamp", NEW_YEAR, NEW_YEAR),
    ("date", "2024-02-29", datetime.date(2024, 2, 29)),
    ("date", datetime.date(2024, 2, 29), datetime.date(2024, 2, 29)),
    ("time", "12:34", datetime.time(12, 34)),
    ("time", "12:34:56.5Z", datetime.time(12, 34, 56, 500000)),
    ("decimal", "1.25", Decimal("1.25")),
    ("decimal", 0.1, Decimal("0.1")),
    ("wei", 2**200, Decimal(2**200)),
    ("binary", "AAEC", b"\x00\x01\x02"),
    ("json", {"b": 2**70, "a": None}, '{"b": 1180591620717411303424, "a": null}'),
    ("json", "plain", '"plain"'),
    ("json", "\\u0000 written out", '"\\\\u0000 written out"'),
]


@pytest.mark.parametrize(
    ("data_type", "value", "expected"), FITTING, ids=[f"{case[0]}-{case[1]!r}" for case in FITTING]
)
def test_a_value_that_a_column_can_hold_whole_is_converted(data_type: str, value: Any, expected: Any) -> None:
    # Beside it a value that forces the careful way, and alone, which takes the fast one where there is one.
    for values in ([value, None], [value, object()]):
        result = converted(values, data_type)
        assert result.array.to_pylist() == [expected, None]
        assert not result.rounded
    assert list(result.misfits) == [1]


@pytest.mark.parametrize(
    ("data_type", "text", "expected"),
    [
        ("bool", "TRUE", True),
        ("bool", "f", False),
        ("bool", "0", False),
        ("bool", "yes", None),
        ("timestamp", "1735689600", NEW_YEAR),
        ("timestamp", "1735689600.25", NEW_YEAR + datetime.timedelta(milliseconds=250)),
        ("timestamp", "20250101", None),
        ("timestamp", "1735689600.1234567", None),
        ("timestamp", "1735689600000", None),
        ("bigint", "7", 7),
        ("bigint", "007", None),
    ],
)
def test_a_declared_column_takes_the_texts_of_a_table(data_type: str, text: str, expected: Any) -> None:
    result = convert_declared([text, None], data_type, arrow_type(data_type))
    assert result.array.to_pylist() == [expected, None]
    # What comes before it decides nothing.
    first = {"bool": "true", "timestamp": "2025-01-01T00:00:00Z", "bigint": "1"}[data_type]
    assert convert_declared([first, text], data_type, arrow_type(data_type)).array.to_pylist()[1] == expected
    assert bool(result.misfits) == (expected is None)


@pytest.mark.parametrize("data_type", ["timestamp", "date", "time", "bigint", "double", "decimal", "bool", "wei"])
def test_an_empty_text_is_no_value_of_a_declared_column_that_holds_no_texts(data_type: str) -> None:
    result = convert_declared(["", None], data_type, arrow_type(data_type))
    assert (result.array.to_pylist(), result.misfits) == ([None, None], {})


def test_an_empty_text_stays_one_in_a_column_of_texts_and_where_nothing_is_declared() -> None:
    assert convert_declared(["", "a"], "text", arrow_type("text")).array.to_pylist() == ["", "a"]
    assert converted(["", "2025-01-01T00:00:00Z"], "timestamp").misfits


MISFITS = [
    ("text", "a\x00b", "a NUL character"),
    ("text", "\ud800", "invalid unicode"),
    ("text", NotFinite("NaN"), "not a finite number"),
    ("text", "x" * (LARGEST_VALUE + 1), "larger than 16,000,000 bytes"),
    ("bigint", 2**63, "an integer beyond 64 bits (declare the column as decimal or text)"),
    ("bigint", 2**70, "an integer beyond 64 bits (declare the column as decimal or text)"),
    ("bigint", 1.5, "not an integer"),
    ("bigint", 2.0**60, "not an integer"),
    ("bigint", True, "not an integer"),
    ("bigint", "007", "not an integer"),
    ("bigint", "--7", "not an integer"),
    ("bigint", "²", "not an integer"),
    ("bigint", "1_000", "not an integer"),
    ("bigint", NotFinite("NaN"), "not an integer"),
    ("double", "abc", "not a number"),
    ("double", "1_000", "not a number"),
    ("double", "nan", "not a number"),
    ("double", "1e400", "not a finite number"),
    ("double", NotFinite("1e400"), "not a number"),
    ("double", True, "not a number"),
    ("double", 2**53 + 1, "a number that no double holds exactly"),
    ("double", "9007199254740993", "a number that no double holds exactly"),
    ("bool", 2, "not a truth value"),
    ("bool", "yes", "not a truth value"),
    ("timestamp", "2025-02-30T00:00:00Z", "not a moment in time"),
    ("timestamp", "10000-01-01T00:00:00Z", "not a moment in time"),
    ("timestamp", "2024", "not a moment in time"),
    ("timestamp", "yesterday", "not a moment in time"),
    ("timestamp", "9999-12-31T23:00:00-05:00", "not a moment in time"),
    ("timestamp", "0001-01-01T00:00:00+05:00", "not a moment in time"),
    (
        "timestamp",
        1735689600000,
        "out of range for epoch seconds (let steps cast it, such as epoch_ms, or declare bigint)",
    ),
    (
        "timestamp",
        "1735689600000",
        "out of range for epoch seconds (let steps cast it, such as epoch_ms, or declare bigint)",
    ),
    ("timestamp", True, "not a moment in time"),
    ("date", "2025-02-30", "not a date"),
    ("date", "2025-01-01T10:00:00Z", "not a date"),
    ("date", NEW_YEAR, "not a date"),
    ("time", "25:00", "not a time of day"),
    ("time", "12:00:00+02:00", "not a time of day"),
    ("decimal", "1_0", "not a number"),
    ("decimal", "1.1234567891", "out of range for decimal128(38, 9)"),
    ("decimal", True, "not a number"),
    ("binary", "not base64!", "not base64"),
    ("json", {"a": "\x00"}, "a NUL character"),
    ("json", ["\ud800"], "invalid unicode"),
    ("json", {"a": [NotFinite("NaN")]}, "not a finite number"),
    ("json", nested(1_100), "nested too deep"),
    ("json", nested(20_000), "nested too deep"),
]


@pytest.mark.parametrize(("data_type", "value", "reason"), MISFITS, ids=[f"{case[0]}-{case[2]}" for case in MISFITS])
def test_a_value_that_a_column_would_alter_is_a_misfit(data_type: str, value: Any, reason: str) -> None:
    result = converted([None, value], data_type)
    assert result.misfits == {1: reason}
    assert result.array.to_pylist() == [None, None]


def test_a_misfit_leaves_its_neighbours_alone() -> None:
    result = converted([1, "x", 3, None], "bigint")
    assert result.array.to_pylist() == [1, None, 3, None]
    assert result.misfits == {1: "not an integer"}


@pytest.mark.parametrize("stranger", [[], ["x"]], ids=["the fast way", "the careful way"])
def test_more_digits_of_a_second_than_the_table_keeps_are_cut_and_noted(stranger: list[str]) -> None:
    texts = ["2025-01-01T00:00:00.123456789Z", "2025-01-01T00:00:00.123456000Z", None, "2025-01-01T00:00:00.1Z"]
    result = converted([*texts, *stranger], "timestamp")
    assert result.rounded == {0}
    assert [moment.microsecond for moment in result.array.to_pylist() if moment] == [123456, 123456, 100000]


def test_the_declared_precision_says_how_many_digits_are_kept() -> None:
    texts = ["2025-01-01T00:00:00.123456789Z", "2025-01-01T00:00:01Z"]
    assert converted(texts, "timestamp", precision=9).rounded == frozenset()
    assert converted(texts, "timestamp", precision=9).array.cast(pa.int64())[0].as_py() % 10**9 == 123456789
    assert converted(texts, "timestamp", precision=3).rounded == {0}
    assert converted(["2025-01-01T00:00:00.9"], "timestamp", precision=0).rounded == {0}
    assert converted(["12:00:00.1234567", "12:00:00"], "time").rounded == {0}
    assert converted(["1.5", 1.5, 12345678901234567.891], "text").rounded == {2}


def test_a_timestamp_without_zone_keeps_the_moment_in_utc() -> None:
    result = converted(["2025-01-01T02:00:00+02:00"], "timestamp", timezone=False)
    assert result.array.type == pa.timestamp("us")
    assert result.array.to_pylist() == [datetime.datetime(2025, 1, 1)]  # noqa: DTZ001 (this is what it is about)


def test_small_integers_are_kept_to_their_range() -> None:
    assert converted([127, 128], "bigint", precision=8).misfits == {1: "out of range for int8"}


def test_integers_beyond_64_bits_fit_where_the_file_makes_room() -> None:
    assert converted([2**63, 2**70], "decimal", precision=38, scale=0).array.to_pylist() == [2**63, 2**70]
    assert converted([2**63, 2**70], "text").array.to_pylist() == [str(2**63), str(2**70)]


@pytest.mark.parametrize(
    ("value", "data_type"),
    [
        ("2025-01-01T00:00:00Z", "timestamp"),
        ("2025-01-01", "text"),
        ("2025-02-30T00:00:00Z", "text"),
        ("12345", "text"),
        (True, "bool"),
        (1, "bigint"),
        (1.0, "double"),
        ([], "json"),
        ({}, "json"),
        (Decimal(1), "decimal"),
        (NEW_YEAR, "timestamp"),
    ],
    ids=str,
)
def test_a_first_value_gives_the_type_that_dlt_would_give(value: Any, data_type: str) -> None:
    assert data_type_of(value) == data_type


def test_nesting_is_measured_without_recursion() -> None:
    assert depth(1) == 1
    assert depth({"a": [1, {"b": 2}]}) == 4
    assert depth(nested(50_000)) == 50_000


def test_what_child_tables_cannot_hold_is_refused_before_dlt_meets_it() -> None:
    refuse_for_tables({"a": [{"b": 1, "c": 2}], "d": 2**63 - 1}, str.lower)
    with pytest.raises(Misfit, match="beyond 64 bits"):
        refuse_for_tables([{"a": [2**63]}], str.lower)
    with pytest.raises(Misfit, match="two nested fields for one column"):
        refuse_for_tables([{"Id": 1, "id": 2}], str.lower)
    # Objects are unfolded, so their own names decide.
    refuse_for_tables([{"Id": {"a": 1}, "id": {"b": 2}}], str.lower)
    with pytest.raises(Misfit, match="two nested fields for one column"):
        refuse_for_tables([{"Id": {"a": 1}, "id": {"A": 2}}], str.lower)


def in_lists(levels: int, name: str) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [{name: value}]
    return value


@pytest.mark.parametrize(
    ("value", "levels", "is_refused"),
    [
        (in_lists(10, "replies"), None, False),
        (in_lists(25, "replies"), None, True),
        (in_lists(25, "replies"), 5, False),
        (in_lists(8, "a_name_of_thirty_characters_it"), None, True),
        (nested(30), None, False),
        (nested(50), None, True),
        (nested(3_000), None, True),
    ],
    ids=[
        "few",
        "deep",
        "bounded by the file",
        "long names",
        "lists of lists",
        "many of them",
        "too many for recursion",
    ],
)
def test_lists_that_nest_deeper_than_their_tables_can_be_named_are_refused(
    value: Any, levels: int | None, is_refused: bool
) -> None:
    with pytest.raises(Misfit, match="max_table_nesting") if is_refused else nullcontext():
        refuse_for_tables(value, str.lower, 190, levels)
    assert not (is_refused and all_fit_tables([value], str.lower, 190))
    assert all_fit_tables([in_lists(3, "replies")], str.lower, 190)


def test_objects_that_nest_too_deep_for_recursion_are_compared_without_it() -> None:
    value: Any = 1
    for _ in range(5_000):
        value = {"a": value}
    assert twins(value, str.lower) is None
    assert not all_fit_tables([value], str.lower, 190)


def test_a_record_is_shown_cut_where_it_is_too_long_or_too_deep() -> None:
    assert shown({"a": "é"}, 100) == ('{"a": "\\u00e9"}', False)
    assert shown({"a": "é"}, 4) == ('{"a"', True)
    text, is_cut = shown({"a": nested(20_000)}, 1_000)
    assert is_cut
    assert '"..."' in text


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    # Surrogates, as a body's bad bytes leave them, and NUL included.
    | st.text(st.characters(), max_size=12)
    | st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def same(value: Any, data_type: str, kept: Any) -> bool:
    """Whether a column keeps all that a value says."""
    if data_type == "json" or (data_type == "text" and not isinstance(value, str)):
        return bool(json.loads(kept) == value)
    if data_type == "timestamp":
        if isinstance(value, str):
            value = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
            value = value if value.tzinfo else value.replace(tzinfo=UTC)
            return bool(kept == value)
        return math.isclose(kept.timestamp(), value, abs_tol=1e-6)
    if data_type == "bool" and isinstance(value, str):
        return value == json.dumps(kept)
    if isinstance(value, str) and data_type != "text":
        return Decimal(value) == Decimal(repr(kept) if isinstance(kept, float) else kept)
    return bool(kept == value) and isinstance(kept, bool) == isinstance(value, bool)


@given(st.lists(JSON, max_size=5), st.sampled_from(["text", "bigint", "double", "bool", "timestamp", "json"]))
def test_a_value_comes_out_equal_or_is_a_misfit_or_counted_as_rounded(values: list[Any], data_type: str) -> None:
    result = converted(values, data_type)
    for place, (value, kept) in enumerate(zip(values, result.array.to_pylist(), strict=True)):
        if value is None or place in result.misfits:
            assert kept is None
        elif place not in result.rounded:
            assert same(value, data_type, kept), (value, kept)


@given(JSON)
def test_json_text_means_the_value_or_is_refused(value: Any) -> None:
    try:
        text = to_json(value)
    except Misfit:
        return
    assert json.loads(text) == value


@pytest.mark.parametrize(
    ("values", "fit"),
    [
        ([None, 2**63 - 1, [{"a": 1, "b": [1.5, "x"]}, {"a": True}], {"c": {"d": []}}], True),
        ([None, [{"a": [2**63]}]], False),
        ([[{"Id": 1, "id": 2}]], False),
        ([{"a": 1}, {"": 1}], False),
        ([[{"_dlt_id": 1}]], False),
        ([{"_dlt_id": 1}], True),
        ([{"Id": {"a": 1}, "id": {"A": 2}}], False),
        ([{"a": Decimal(1)}], False),
    ],
)
def test_a_column_is_looked_at_value_by_value_only_where_something_may_not_fit(values: list[Any], fit: bool) -> None:
    assert all_fit_tables(values, str.lower) is fit
