"""The shape of a step that changes records before they become rows, without code."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from messaging_assets.description.authentication import Described
from messaging_assets.description.pagination import JsonPath
from messaging_assets.foundation import json_paths


class Step(Described):
    """One step; a step has one word, and steps are taken in their order."""

    drop: list[str] | None = Field(None, min_length=1)
    """Leaves fields out."""
    keep: list[str] | None = Field(None, min_length=1)
    """Leaves every other field out."""
    rename: dict[str, str] | None = Field(None, min_length=1)
    """Gives fields other names: `{old: new}`."""
    copy_: dict[str, JsonPath] | None = Field(None, min_length=1, alias="copy")
    """Makes a field of what a JSON path finds in the record: `{field: path}`; null where it finds nothing."""
    constant: dict[str, Any] | None = Field(None, min_length=1)
    """Sets fields: `{field: value}`."""
    hash: list[str] | None = Field(None, min_length=1)
    """Puts a SHA-256 digest in the place of a field's value, so that equal values stay equal and are not shown."""
    filter: str | None = None
    """Keeps records for which a comparison holds, such as `@.state == 'open'`; the others are counted."""

    @property
    def word(self) -> str:
        """Which of the words it has."""
        return next(iter(self.model_fields_set)).rstrip("_")

    @property
    def made(self) -> frozenset[str]:
        """The fields that it makes, or changes the values of."""
        return frozenset({**(self.copy_ or {}), **(self.constant or {}), **dict.fromkeys(self.hash or ())})

    @model_validator(mode="after")
    def _has_one_word(self) -> Step:
        if len(self.model_fields_set) != 1:
            raise ValueError("a step has one word; write one step for each")
        return self

    @field_validator("rename")
    @classmethod
    def _names_differ(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        if value is not None and len(set(value.values())) < len(value):
            raise ValueError("two fields cannot get one name")
        return value

    @field_validator("filter")
    @classmethod
    def _is_comparison(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                json_paths.compiled(filter_path(value))
            except Exception:  # noqa: BLE001 - the parser's own errors have no base
                raise ValueError("a filter is a comparison such as @.state == 'open'") from None
        return value


def filter_path(comparison: str) -> str:
    """The JSON path that finds, in a list, the records for which a comparison holds."""
    return f"$[?({comparison})]"
