"""One property over random APIs and files that are wrong about their paging: the table is complete, or the verdict is
unknown or worse.

An API may give no sign at all that a list goes on; nobody can know it then, and nothing is claimed. Each API here gives
at least one: a link, a token, a word, a count, or a page as large as was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from requests import Request
from requests.structures import CaseInsensitiveDict

from messaging_assets.description.api import Endpoint
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.paging.paginators import build_paginator
from messaging_assets.reading.receipt import Receipt, Verdict

PAGINATORS: dict[str, dict[str, Any]] = {
    "cursor": {"type": "cursor", "cursor_path": "next_cursor", "cursor_param": "cursor"},
    "another cursor": {"type": "cursor", "cursor_path": "meta.after", "cursor_param": "cursor"},
    "link": {"type": "json_link", "next_url_path": "links.next"},
    "dotted link": {"type": "json_link", "next_url_path": "@odata.nextLink"},
    "header": {"type": "header_link"},
    "header cursor": {"type": "header_cursor", "cursor_key": "X-Next-Cursor", "cursor_param": "cursor"},
    "offset": {"type": "offset", "limit": 10},
    "page 0": {"type": "page_number", "base_page": 0},
    "page 1": {"type": "page_number", "base_page": 1},
    "single": {"type": "single_page"},
}


@dataclass
class Api:
    """A list, how it pages, and what it says of that."""

    rows: int
    size: int
    style: str
    signs: frozenset[str]

    def answer(self, params: dict[str, Any], url: str) -> tuple[dict[str, Any], dict[str, str]]:
        size = int(params.get("limit", self.size)) if self.style == "offset" else self.size
        start = int({"offset": params.get("offset"), "token": params.get("cursor")}.get(self.style) or 0)
        if self.style == "page":
            start = (max(int(params.get("page", 1)), 1) - 1) * size
        if "start=" in url:
            start = int(url.partition("start=")[2])
        page = [{"id": row} for row in range(self.rows)[start : start + size]]
        following = start + size if start + size < self.rows else None
        link = f"https://api.invalid/list?start={following}" if following is not None else None
        body: dict[str, Any] = {"data": page}
        told: dict[str, dict[str, Any]] = {
            "next_cursor": {"next_cursor": following},
            "after": {"meta": {"after": following}},
            "more": {"has_more": following is not None},
            "last": {"isLast": following is None},
            "total": {"total": self.rows},
            "pages": {"total_pages": -(-self.rows // size)},
            "link": {"links": {"next": link}},
            "odata": {"@odata.nextLink": link} if link else {},
            "size": {"per_page": size},
        }
        for sign in self.signs & told.keys():
            body |= told[sign]
        headers = {"X-Total-Count": str(self.rows)} if "count header" in self.signs else {}
        headers |= {"Link": f'<{link}>; rel="next"'} if "link header" in self.signs and link else {}
        headers |= {"X-Next-Cursor": str(following)} if "cursor header" in self.signs and following else {}
        return body, headers


SIGNS = ("next_cursor", "after", "more", "last", "total", "pages", "link", "odata", "size")
IN_HEADERS = ("count header", "link header", "cursor header")
apis = st.builds(
    Api,
    rows=st.integers(0, 45),
    size=st.integers(1, 15),
    style=st.sampled_from(["offset", "page", "token", "none"]),
    signs=st.sets(st.sampled_from([*SIGNS, *IN_HEADERS]), min_size=1, max_size=3).map(frozenset),
)


def read(api: Api, paginator: dict[str, Any]) -> tuple[Verdict, set[int], str]:
    endpoint = Endpoint.model_validate({"paginator": paginator, "data_selector": "data"})
    receipt, ids = Receipt(), set[int]()
    source = ListContext("api.list", endpoint, ("id",), receipt, None, lambda row, reason, page: None)
    source.so_far.is_start_known = False
    one = build_paginator(source)
    request = Request("GET", "https://api.invalid/list", params={})
    one.init_request(request)
    asked = 0
    try:
        while one.has_next_page:
            asked += 1
            assert asked < 200, "the read never ends"
            body, headers = api.answer(dict(request.params or {}), str(request.url))
            rows = list(body["data"])
            one.update_state(
                SimpleNamespace(
                    parsed=body,
                    url=request.url,
                    request=request.prepare(),
                    links={},
                    headers=CaseInsensitiveDict(headers),
                    json=lambda b=body: b,
                ),
                rows,
            )
            ids |= {row["id"] for row in rows}
            one.update_request(request)
    except SyncFailure as failure:
        return Verdict.INCOMPLETE, ids, str(failure)
    return receipt.finding.verdict, ids, receipt.finding.reason


@settings(max_examples=400)
@given(apis, st.sampled_from(sorted(PAGINATORS)))
def test_whatever_a_file_gets_wrong_a_list_is_whole_or_the_verdict_says_otherwise(api: Api, name: str) -> None:
    verdict, ids, reason = read(api, PAGINATORS[name])
    event(verdict.words)
    assert ids == set(range(api.rows)) or verdict >= Verdict.UNKNOWN, f"{verdict.words}: {reason}"


@settings(max_examples=200)
@given(apis, st.sampled_from(["cursor", "link", "dotted link", "header", "header cursor", "offset", "page 1"]))
def test_a_file_that_is_right_is_green(api: Api, name: str) -> None:
    needed = {
        "cursor": ("token", "next_cursor"),
        "link": ("none", "link"),
        "dotted link": ("none", "odata"),
        "header": ("none", "link header"),
        "header cursor": ("token", "cursor header"),
        "offset": ("offset", "total"),
        "page 1": ("page", "total"),
    }
    api.style, sign = needed[name]
    # A token for another place, or a page that is full by its own word, is a doubt where the right place is left out.
    assume(not api.signs & {"after", "size", "link", "odata", "next_cursor"} - {sign})
    api.signs |= {sign}
    verdict, ids, reason = read(api, PAGINATORS[name])
    assert ids == set(range(api.rows))
    assert verdict <= Verdict.READ_TO_THE_END, f"{verdict.words}: {reason}"
