"""Documents that came in one answer, each with a list of its own: what each says of its list, which is a page here."""

from __future__ import annotations

from typing import Any

from messaging_assets.answers.record_keys import whole_number
from messaging_assets.description.pagination import PaginatorDescription
from messaging_assets.foundation import json_paths
from messaging_assets.reading.ending import Reading


class DocumentsOfOne:
    """The documents of one answer, in their order.

    Attributes:
        goes_on: whether others follow the one that came last.
    """

    def __init__(self) -> None:
        self._totals: list[int | None] = []
        self.goes_on = False

    def came(self, response: Any, reading: Reading, own: PaginatorDescription, is_sign_disbelieved: bool) -> None:
        """Doubt a document that says that its own list goes on, and note how many rows there are of all.

        Args:
            response: the answer with the document whose rows were judged.
            reading: the list.
            own: its paginator.
            is_sign_disbelieved: whether only the file's own places say that there is more, or that it is the last.
        """
        path = own.rows_total_path
        self.goes_on = response.parsed.goes_on
        if path:
            self._totals.append(whole_number(json_paths.first_value(path, response.parsed)))
        if self.goes_on:
            _doubt(response, reading, own, is_sign_disbelieved)
        elif known := [one for one in self._totals if one is not None]:
            # Each may count the rows of all, or its own.
            is_of_all = len(set(known)) == 1 and known[0] >= reading.counts.all_rows
            reading.claims.announce(known[0] if is_of_all else sum(known))


def _doubt(response: Any, reading: Reading, own: PaginatorDescription, is_sign_disbelieved: bool) -> None:
    signs = reading.claims.signs
    said = signs.said
    if reading.ending.is_more_said:
        said = f"'{own.has_more_path or own.end_path}' says that there is more"
    elif is_sign_disbelieved or signs.is_end_said:
        said = None
    elif said is None and (sign := signs.link or signs.token):
        said = f"it seems to name a next page at {sign}"
    if said:
        step = "ask for less in one answer, or write has_more_path: null in the paginator if no sign is one"
        reading.context.doubt(f"{said}, in {response.parsed.place}", step)
