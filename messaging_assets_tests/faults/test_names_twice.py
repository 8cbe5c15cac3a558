"""A name that comes twice in an answer: a record with one is set aside, an answer with one is red."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_assets.answers.formats.json_text import Unreadable, parse
from messaging_assets.answers.names_twice import NamedTwice, may_name_twice
from messaging_assets_tests.faults.one_list import OneList

PLAIN = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8) | st.sampled_from(['":', '\\":'])
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


@given(VALUES, st.sampled_from([None, 1]))
def test_an_answer_without_such_a_name_is_what_it_says(value: Any, indent: int | None) -> None:
    body = json.dumps({"data": value}, indent=indent).encode()
    assert parse(body, None) == {"data": value}


@given(st.dictionaries(st.text(max_size=4), VALUES, min_size=1, max_size=3))
def test_a_record_with_such_a_name_is_known_however_deep_it_stands(record: dict[str, Any]) -> None:
    text = json.dumps(record)
    doubled = f"{text[:-1]}, {text[1:]}"
    for one in (doubled, f'{{"id": 1, "inner": [{{"more": {doubled}}}]}}'):
        [found, other] = parse(f'{{"data": [{one}, {{"id": 2}}]}}'.encode(), None)["data"]
        assert isinstance(found, NamedTwice)
        assert found.name in record
        assert type(other) is dict


@pytest.mark.parametrize(
    "body",
    [
        '{"data": [1], "data": [2]}',
        '{"a": {"next": 1, "next": 2}, "data": []}',
        '{"data" : [], "data" : []}',
        '{"data":1,"\\u0064ata":2}',
    ],
)
def test_an_answer_that_names_its_list_twice_is_unreadable(body: str) -> None:
    with pytest.raises(Unreadable, match=r"a name comes twice \((data|next)\)"):
        parse(body.encode(), None)


def test_a_careful_look_is_taken_only_where_names_are_missing() -> None:
    flat = [{"id": row, "text": "plain"} for row in range(9)]
    nested = [{"id": row, "text": 'a "quote": b', "inner": [{"more": {"a": 1}}]} for row in range(9)]
    for rows in (flat, nested):
        for body in (orjson.dumps({"data": rows, "total": 9}), json.dumps(rows, indent=2).encode()):
            assert not may_name_twice(body, orjson.loads(body))


def test_a_list_that_is_named_twice_is_red_and_a_record_is_set_aside(one_list: OneList) -> None:
    one_list.fault(rewrite=lambda payload, request: b'{"data": [{"id": "1"}], "data": [{"id": "2"}]}')
    outcome = one_list.sync({"type": "single_page"})
    assert "answered 200 with JSON in which a name comes twice (data) 4 times" in outcome.sentence

    one_list.sandbox.faults.clear()
    one_list.resource["maximum_set_aside_share"] = 1
    one_list.fault(rewrite=lambda payload, request: b'{"data": [{"id": "1", "id": "2"}, {"id": "3", "text": "a"}]}')
    outcome = one_list.sync({"type": "single_page"})
    assert outcome.green, outcome.sentence
    assert outcome.ids == ["3"]
    assert [(row["reason"], row["fields"]) for row in outcome.rejected] == [("a name that comes twice", "id")]
