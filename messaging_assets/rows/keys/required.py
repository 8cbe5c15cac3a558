"""Columns in which every row needs a value: keys, and what places a row in a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from messaging_assets.answers.field_names import DLT_PREFIX
from messaging_assets.description.api import Resource
from messaging_assets.description.windows import WINDOW_AT
from messaging_assets.foundation.failures import MendDescription


class RequiredColumns:
    """The columns of a table that dlt makes NOT NULL.

    Args:
        resource: what the file says of the table.
        asset: the asset's name in errors.
        known: dlt's column schemas from earlier loads, by name.
        normalize: dlt's naming of identifiers.

    Attributes:
        keys: those of a key.
        names: all of them.
        said: these, and the column of ours that places rows in windows, which may appear whatever the contract says.
    """

    def __init__(
        self, resource: Resource, asset: str, known: Mapping[str, Any], normalize: Callable[[str], str]
    ) -> None:
        self._asset, windows = asset, resource.partitions
        declared = resource.columns.get(windows.column_name) if windows else None
        placing = windows.placed_by(declared.data_type if declared else None) if windows else ""
        self.keys = frozenset(map(normalize, (*resource.keys, *resource.merge_keys)))
        # Without a time a row is in no window, and each run that appends it would have it once more.
        is_windowed = windows is not None and resource.disposition == "append"
        self.names = self.keys | ({normalize(placing)} if is_windowed else frozenset())
        self.said = self.names | ({normalize(WINDOW_AT)} if placing == WINDOW_AT else frozenset())
        self._former_keys = frozenset(
            name
            for name, column in known.items()
            if column.get("data_type") and column.get("nullable") is False and not name.startswith(DLT_PREFIX)
        ).difference(self.names)

    def refuse_to_lack_former_keys(self, arrays: Mapping[str, Any]) -> None:
        """See that a column that the table keeps NOT NULL, because it was a key, has its values still.

        Args:
            arrays: a batch's Arrow arrays, by column.

        Raises:
            MendDescription: a record has none.
        """
        for column in self._former_keys:
            array = arrays.get(column)
            if array is None or array.null_count:
                raise MendDescription(
                    f"'{column}' may not be null, such as a key that the file no longer names, and records "
                    "without it came",
                    "name it in primary_key again, or run it once with full_refresh",
                    where=self._asset,
                )
