"""The set of keys seen so far, against Python's own set, around the sizes at which it changes its shape."""

from __future__ import annotations

import tempfile
from itertools import count
from unittest.mock import Mock, patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_assets.reading.evidence import seen_keys
from messaging_assets.reading.evidence.seen_keys import SeenKeys

HASHES = st.integers(-(2**63), 2**63 - 1) | st.integers(-20, 20)


@pytest.mark.sampled
@pytest.mark.parametrize("bits", [8, 1 << 20], ids=["a filter that lets much through", "one that lets little through"])
@given(st.lists(st.sets(HASHES, max_size=30), max_size=20), st.sets(HASHES))
def test_it_knows_what_a_plain_set_knows(bits: int, pages: list[set[int]], others: set[int]) -> None:
    plain: set[int] = set()
    with (
        patch.object(seen_keys, "_FEW", 10),
        patch.object(seen_keys, "_LONGEST_RUN", 100),
        patch.object(seen_keys, "_FILTER_BYTES", bits),
    ):
        seen = SeenKeys()
        for page in pages:
            assert seen.among(page) == plain & page
            seen.add(page - plain)
            plain |= page
            assert len(seen) == len(plain)
            assert seen.among(others) == plain & others


def test_a_long_list_is_known_in_full() -> None:
    seen, numbers = SeenKeys(), count()
    for _ in range(30):
        seen.add({hash(f"msg_{next(numbers)}") for _ in range(10_000)})
    assert len(seen) == 300_000
    assert seen.among({hash(f"msg_{number}") for number in range(0, 400_000, 1_000)}) == {
        hash(f"msg_{number}") for number in range(0, 300_000, 1_000)
    }


@pytest.mark.parametrize("has_room", [True, False])
def test_runs_that_grow_no_more_take_no_memory_where_a_disk_has_room(
    has_room: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen_keys, "_FEW", 1_000)
    monkeypatch.setattr(seen_keys, "_LONGEST_RUN", 5_000)
    if not has_room:
        monkeypatch.setattr("tempfile.TemporaryFile", Mock(side_effect=OSError("no space left")))
    seen = SeenKeys()
    for page in range(60):
        seen.add({hash(f"msg_{page}_{number}") for number in range(1_000)})
    in_memory = sum(map(len, seen.runs)) + len(seen.few)
    assert in_memory <= 12_000 if has_room else in_memory == 60_000
    assert len(seen) == 60_000
    asked = {hash(f"msg_{page}_7") for page in range(120)}
    assert seen.among(asked) == {hash(f"msg_{page}_7") for page in range(60)}


def test_what_was_read_in_parts_is_known_as_what_was_read_at_once() -> None:
    seen, page = SeenKeys(), SeenKeys()
    for start in range(0, 120_000, 10_000):
        (page if start >= 60_000 else seen).add({hash(f"msg_{number}") for number in range(start, start + 10_000)})
    seen.take(page)
    assert seen.among({hash(f"msg_{number}") for number in range(0, 130_000, 500)}) == {
        hash(f"msg_{number}") for number in range(0, 120_000, 500)
    }


def test_a_run_that_found_no_room_is_known_when_a_later_one_found_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_keys, "_FEW", 1_000)
    monkeypatch.setattr(seen_keys, "_LONGEST_RUN", 5_000)
    seen, file = SeenKeys(), tempfile.TemporaryFile
    for page in range(40):
        monkeypatch.setattr("tempfile.TemporaryFile", file if page > 15 else Mock(side_effect=OSError("no space left")))
        seen.add({hash(f"msg_{page}_{number}") for number in range(1_000)})
    asked = {hash(f"msg_{page}_7") for page in range(80)}
    assert seen.among(asked) == {hash(f"msg_{page}_7") for page in range(40)}


def test_many_keys_take_some_eight_bytes_each() -> None:
    seen = SeenKeys()
    for page in range(300):
        seen.add({hash(f"msg_{page}_{number}") for number in range(1_000)})
    assert sum(run.nbytes for run in seen.runs) <= 8 * len(seen)
    assert len(seen.bits) <= seen_keys._LONGEST_RUN * 0.55
    assert len(seen.few) <= 51_000
    assert len(seen.runs) <= 3
