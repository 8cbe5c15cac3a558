"""Places of a next page that are found in a live API: a token in a header, and a flag that is true on the last page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from messaging_assets.files.api_files import read_file
from messaging_assets_tests.discovery.test_discover import comments, discover, loaded_ids, only
from messaging_assets_tests.threaded_server import OfSecret, answering

ROWS = [{"id": f"m{number:03}", "text": "hello"} for number in range(100)]
PAGE = 40


class TokenInHeader(OfSecret):
    def answer(self, path: str, query: dict[str, str], body: Any) -> Any:
        start = int(query.get("token") or 0)
        more = {"X-Next-Token": str(start + PAGE)} if start + PAGE < len(ROWS) else {}
        return 200, ROWS[start : start + PAGE], more


class FlagOfTheEnd(OfSecret):
    def answer(self, path: str, query: dict[str, str], body: Any) -> Any:
        start = int(query.get("cursor") or 0)
        end = min(start + PAGE, len(ROWS))
        return 200, {"data": ROWS[start:end], "cursor": str(end), "end_of_stream": end == len(ROWS)}


@pytest.mark.parametrize(
    ("api", "paginator", "words"),
    [
        (
            TokenInHeader,
            {
                "type": "header_cursor",
                "cursor_key": "X-Next-Token",
                "cursor_param": "token",
            },
            "Its header X-Next-Token goes into token",
        ),
        (
            FlagOfTheEnd,
            {"type": "cursor", "cursor_path": "cursor", "cursor_param": "cursor", "end_path": "end_of_stream"},
            "end_of_stream, which is false there, is taken for true on the last page",
        ),
    ],
)
def test_the_place_of_a_next_page_is_found_and_every_row_loads(
    api: type[OfSecret], paginator: Any, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT__API_KEY", "k3y")
    file = tmp_path / "chat.yaml"
    with answering(server := api()):
        asked = ("--base-url", server.address, "--path", "/messages", "--auth", "api_key:query:api_key")
        done = discover(*asked, "-o", file)
        assert done.exit_code == 0, done.output
        assert only(read_file(file)).endpoint.paginator.model_dump(exclude_unset=True) == paginator
        assert words in comments(file)
        assert loaded_ids(read_file(file)) == [row["id"] for row in ROWS]
