"""Moments that name no zone are those of the zone that the file names, in the table as in the cursor."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from messaging_assets.description.resource import Resource
from messaging_assets.description.table import Column
from messaging_assets.foundation import moments
from messaging_assets.rows.hard_deletes import deletion_of
from messaging_assets.rows.steps import functions_of, mark_of, missed_steps
from messaging_assets.rows.values.conversion import arrow_type, convert, convert_declared
from messaging_assets.rows.values.moments import names_no_zone
from messaging_assets_tests.one_table import OneTable

BERLIN = ZoneInfo("Europe/Berlin")
IN_BERLIN = {"data_type": "timestamp", "timezone": "Europe/Berlin"}
ROWS: list[dict[str, Any]] = [
    {"id": 1, "sent_at": "2026-03-01T10:00:00"},
    {"id": 2, "sent_at": "2026-07-01 10:00:00.123456"},
    {"id": 3, "sent_at": "2026-07-01T10:00:00Z"},
    {"id": 4, "sent_at": None},
]
MOMENTS = [
    "2026-03-01T09:00:00+00:00",
    "2026-07-01T08:00:00.123456+00:00",
    "2026-07-01T10:00:00+00:00",
    None,
]


def sent(table: OneTable, column: str = "sent_at") -> list[str | None]:
    found = (row[column] for row in table.rows())
    return [moment and moment.astimezone(timezone.utc).isoformat() for moment in found]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T10:00:00", "2026-03-01T09:00:00"),
        ("2026-03-01", "2026-02-28T23:00:00"),
        ("2026-060T10:00:00", "2026-03-01T09:00:00"),
        ("Sun, 01 Mar 2026 10:00:00", "2026-03-01T09:00:00"),
        ("Sun, 01 Mar 2026 10:00:00 GMT", "2026-03-01T10:00:00"),
        ("2026-03-01T10:00:00+05:00", "2026-03-01T05:00:00"),
        (1772359200, "2026-03-01T10:00:00"),
        (datetime(2026, 3, 1, 10), "2026-03-01T09:00:00"),  # noqa: DTZ001 - it names none
        # It comes twice, and is the first of both.
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00"),
        # It does not come, and is read by the clock before.
        ("2026-03-29T02:30:00", "2026-03-29T01:30:00"),
    ],
)
def test_what_names_no_zone_is_of_the_columns_zone(text: Any, moment: str) -> None:
    for values in ([text], [text, "2026-01-01T00:00:00Z"], [text, None]):
        found = convert_declared(values, "timestamp", arrow_type("timestamp"), BERLIN)
        assert not found.misfits
        assert found.array[0].as_py() == datetime.fromisoformat(f"{moment}+00:00")


@pytest.mark.parametrize("precision", [0, 3, 6, 9])
def test_digits_of_a_second_stay(precision: int) -> None:
    texts, type_ = ["1950-03-01T10:00:00.123456789"], arrow_type("timestamp", precision)
    [here], [there] = (convert(texts, "timestamp", type_, zone).array.cast(pa.int64()) for zone in (BERLIN, None))
    assert there.as_py() - here.as_py() == 3600 * 10**precision


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.sampled_from(["Europe/Berlin", "Asia/Kolkata"]))  # noqa: DTZ001
def test_a_column_reads_a_clock_as_its_cursor_does(clock: datetime, zone: str) -> None:
    text = clock.isoformat()
    [found] = convert([text], "timestamp", arrow_type("timestamp"), ZoneInfo(zone)).array
    seconds = moments.moment_of(text, zone=ZoneInfo(zone))
    assert seconds is not None
    assert found.as_py() == moments.datetime_of(seconds)


def test_a_time_outside_the_years_is_set_aside() -> None:
    found = convert(["0001-01-01T00:00:00", "2026-03-01T10:00:00"], "timestamp", arrow_type("timestamp"), BERLIN)
    assert list(found.misfits) == [0]


@pytest.mark.parametrize(
    ("value", "is_so"),
    [("2026-03-01T10:00:00", True), ("2026-03-01T10:00:00Z", False), (5, False), ("soon", False), (None, False)],
)
def test_it_is_known_which_moments_name_a_zone(value: Any, is_so: bool) -> None:
    assert names_no_zone(value) is is_so


@pytest.mark.parametrize("column", [{"timezone": "Europe/Berlin"}, {"timezone": "UTC", "data_type": "text"}])
def test_a_zone_is_that_of_moments(column: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="data_type: timestamp"):
        Column.model_validate(column)


def test_a_zone_is_an_iana_name() -> None:
    with pytest.raises(ValidationError, match="'Europe/Berln' is no time zone; use an IANA name"):
        Column.model_validate({"data_type": "timestamp", "timezone": "Europe/Berln"})


@pytest.mark.parametrize("name", ["Etc/UTC", "GMT", "Zulu"])
def test_utc_has_one_name(one_table: OneTable, name: str) -> None:
    assert one_table.sync(ROWS).green
    assert one_table.sync(columns={"sent_at": {"data_type": "timestamp", "timezone": name}}).green
    assert sent(one_table)[0] == "2026-03-01T10:00:00+00:00"


def test_what_was_deleted_by_a_local_clock_is_deleted() -> None:
    now = datetime.now(ZoneInfo("Asia/Tokyo")).replace(tzinfo=None, microsecond=0).isoformat()
    assert deletion_of(now) is None
    assert deletion_of(now, ZoneInfo("Asia/Tokyo")) is True


@pytest.mark.parametrize(
    ("step", "made"),
    [
        ({"cast": {"at": "%d.%m.%Y %H:%M"}}, "2026-03-01T09:00:00Z"),
        ({"template": {"at": "{at:%H}"}}, "10"),
    ],
)
def test_steps_know_the_zone_of_the_column_that_a_field_becomes(step: dict[str, Any], made: str) -> None:
    value = "01.03.2026 10:00" if "cast" in step else "2026-03-01T10:00:00"
    steps = [{"rename": {"a": "at"}}, step, {"rename": {"at": "sent_at"}}]
    resource = Resource.model_validate({"name": "one", "steps": steps, "columns": {"sent_at": IN_BERLIN}})
    row = {"a": value}
    for one in functions_of(resource, "one", ()):
        assert one.get("filter", bool)(row)
        row = one.get("map", dict)(row)
    assert row == {"sent_at": made}


def test_steps_that_a_record_set_aside_lacks_know_the_zone_as_well() -> None:
    steps = [{"rename": {"a": "at"}}, {"parse_json": ["body"]}, {"cast": {"at": "%d.%m.%Y %H:%M"}}]
    endpoint = {"path": "/one", "incremental": {"cursor_path": "a", "timezone": "Europe/Berlin"}}
    resource = Resource.model_validate({"name": "one", "steps": steps, "endpoint": endpoint})
    row = {"at": "01.03.2026 10:00", "body": "{}"}
    for one in missed_steps(mark_of(resource, 1), resource, "one") or ():
        row = one["map"](row) if "map" in one else row
    assert row == {"at": "2026-03-01T09:00:00Z", "body": {}}


@pytest.mark.parametrize("nested", ["json", "tables"])
def test_the_table_has_the_moment(one_table: OneTable, nested: str) -> None:
    rows = [{**row, "meta": {"at": row["sent_at"]}} for row in ROWS]
    columns = {"sent_at": IN_BERLIN} | ({"meta__at": IN_BERLIN} if nested == "tables" else {})
    # Several loads of one sync know each other's zones.
    assert one_table.sync(rows, columns=columns, nested=nested, checkpoint={"rows": 1}).green
    assert sent(one_table) == MOMENTS
    assert nested == "json" or sent(one_table, "meta__at") == MOMENTS
    assert one_table.sync().green


def test_a_cursors_column_is_of_the_cursors_zone_unless_it_says_otherwise(one_table: OneTable) -> None:
    incremental = {"cursor_path": "sent_at", "timezone": "Europe/Berlin", "on_cursor_value_missing": "include"}
    endpoint = one_table.describe().resources[0].endpoint.model_dump(exclude_unset=True, by_alias=True)
    own = {"endpoint": {**endpoint, "incremental": incremental}, "schema_contract": {"data_type": "freeze"}}
    assert one_table.sync(ROWS, **own).green
    assert sent(one_table) == MOMENTS
    assert one_table.sync([*ROWS, {"id": 5, "sent_at": "2026-07-02T10:00:00"}]).green
    assert sent(one_table)[-1] == "2026-07-02T08:00:00+00:00"


def test_times_that_a_step_read_in_another_zone_are_of_two_zones_as_well(one_table: OneTable) -> None:
    rows, steps = [{"id": 1, "sent_at": "01.03.2026 10:00"}], [{"cast": {"sent_at": "%d.%m.%Y %H:%M"}}]
    assert one_table.sync(rows, columns={"sent_at": {"data_type": "timestamp"}}, steps=steps).green
    assert "has times that name no zone" in str(one_table.sync(columns={"sent_at": IN_BERLIN}).error)
    assert one_table.sync(write_disposition="replace").green
    assert sent(one_table) == ["2026-03-01T09:00:00+00:00"]


def test_rows_of_two_zones_are_never_in_one_table(one_table: OneTable) -> None:
    utc = {"sent_at": {"data_type": "timestamp"}}
    assert one_table.sync(ROWS, columns=utc).green
    synced = one_table.sync(columns={"sent_at": IN_BERLIN})
    assert not synced.green
    assert "holds as those of UTC and the file has as those of Europe/Berlin; run it once with full_refresh" in str(
        synced.error
    )
    assert one_table.sync(write_disposition="replace").green
    assert sent(one_table) == MOMENTS
    assert not one_table.sync(columns=utc, write_disposition="merge").green
