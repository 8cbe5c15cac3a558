"""An API of parents and children whose answers are the test's own, synced over a real socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from messaging_assets.description.api import ApiDescription
from messaging_assets_tests.faults.one_list import OneList, Outcome
from messaging_assets_tests.raw_server import RawServer, answer

# What an API has at an address: rows, a whole answer, or a status with no rows.
Has = Callable[[str, dict[str, str]], list[Any] | dict[str, Any] | int]
_ENDPOINT = {"data_selector": "data", "paginator": "single_page", "error_handler": {"max_retries": 0}}


class Family:
    """An API and what was asked of it.

    Attributes:
        has: what it has at an address.
        asked: the addresses that were asked for since the last sync began, in order.
    """

    def __init__(self, one_list: OneList, has: Has) -> None:
        self.has, self.asked, self._one_list, self._url = has, list[str](), one_list, ""
        one_list.secrets = {}

    def sync(self, name: str, *resources: dict[str, Any], **own: Any) -> Outcome:
        """Sync one of these resources; `own` are more of its words."""
        self.asked.clear()
        return self._one_list.run(self.describe(name, *resources, **own), name)

    def describe(self, name: str, *resources: dict[str, Any], **own: Any) -> ApiDescription:
        """The API with these resources; `own` are more words of the one with this name."""
        described = [
            {
                "primary_key": "id",
                "write_disposition": "merge",
                **one,
                **(own if one["name"] == name else {}),
                "endpoint": {**_ENDPOINT, **one["endpoint"]},
            }
            for one in resources
        ]
        api = {"name": "family", "client": {"base_url": self._url}, "resources": described}
        return ApiDescription.model_validate(api)

    @contextmanager
    def served(self) -> Iterator[Family]:
        """Answer on a free port until the block ends."""

        def talk(connection: Any, path: str, number: int) -> None:
            parts = urlsplit(path)
            self.asked.append(path)
            has = self.has(parts.path, dict(parse_qsl(parts.query)))
            body = has if isinstance(has, dict) else {"data": has} if isinstance(has, list) else {}
            connection.sendall(answer(body, status=f"{has} No" if isinstance(has, int) else "200 OK"))

        with RawServer(talk) as server:
            self._url = server.url
            yield self
