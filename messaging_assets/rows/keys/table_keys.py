"""The keys of a read as its table has them: two that the API tells apart may be one there.

A column of times has one key for each moment however it is written, a column of decimals takes 1.10 for 1.1; loaded,
one of two such records would take the other's place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from messaging_assets.answers.record_keys import hash_of
from messaging_assets.reading.evidence.seen_keys import SeenKeys


class TableKeys:
    """What is known of the keys that one read has put into its table; shared by the parts of the read.

    Attributes:
        kinds: what a key column's values are in JSON, by column: text, number or truth value.
        may_meet: whether the table has keys in another way than the API sent them, such that two could become one.
    """

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self.may_meet = False
        self._seen = SeenKeys()
        self._refused: set[int] = set()

    def taken(
        self, sent: Sequence[list[Any]], columns: Sequence[Any], places: Sequence[int], is_again: bool
    ) -> list[int]:
        """Places of records whose key in the table is that of another record, which the API gives another key.

        Args:
            sent: each column of the key, as the API sent it.
            columns: the same as the table gets them, as Arrow arrays.
            places: the records that can be loaded.
            is_again: whether these are later versions of records that were loaded before.
        """
        if all(map(_is_as_sent, sent, columns)) or (kept := list(map(_values, columns))) == sent:
            return []
        # A number as text, or a text as number, is its own alone.
        self.may_meet |= not all(pa.types.is_string(one.type) or pa.types.is_integer(one.type) for one in columns)
        keys, sent_keys = list(zip(*kept, strict=True)), list(zip(*sent, strict=True))
        # Python gives numbers such as -1 and -2 one hash, but not their texts.
        hashes = {place: hash(repr(keys[place])) for place in places}
        earlier = set() if is_again else self._seen.among(set(hashes.values()))
        first: dict[int, int] = {}
        taken = []
        for place, hashed in hashes.items():
            said = hash_of(sent_keys[place])
            if hashed in earlier or said in self._refused or first.setdefault(hashed, said) != said:
                self._refused.add(said)
                taken.append(place)
        if not is_again:
            self._seen.add(first.keys() - earlier)
        return taken


def _is_as_sent(values: list[Any], array: Any) -> bool:
    """Whether a key's column can hold nothing but the values that came: texts as text, whole numbers as such."""
    kinds = set(map(type, values))
    return (kinds == {str} and pa.types.is_string(array.type)) or (kinds == {int} and pa.types.is_integer(array.type))


def _values(array: Any) -> list[Any]:
    # Python's own moments have no nanoseconds.
    values: list[Any] = (array.cast(pa.int64()) if pa.types.is_timestamp(array.type) else array).to_pylist()
    return values
