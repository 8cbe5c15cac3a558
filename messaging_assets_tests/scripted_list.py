"""One list that is read from answers of a test's own, without a server, a loader or a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from requests import Request
from requests.structures import CaseInsensitiveDict

from messaging_assets.description.api import Endpoint
from messaging_assets.foundation import json_paths
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.paging.paginators import build_paginator
from messaging_assets.reading.receipt import Receipt

Asked = dict[str, Any]
# What an API answers to parameters: the body alone, or with headers, or with headers and a status.
Answers = Callable[[Asked], Any]
_MOST = 100


@dataclass
class Read:
    """What one read came to; `verdict` in words, `ahead` how many pages were asked for ahead behind each page."""

    verdict: str
    reason: str
    rows: list[Any] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)


def read(
    answers: Answers,
    paginator: Any,
    selector: str | None = "data",
    key: str | None = "id",
    *,
    is_start_known: bool = True,
    **more: Any,
) -> Read:
    """Read a list to its end.

    Args:
        answers: what the API says to a request's parameters.
        paginator: as a file has it.
        selector: the file's data_selector.
        key: the primary key; None for records without one.
        is_start_known: whether an earlier sync has seen with which number pages or rows begin.
        more: further words of the endpoint.
    """
    endpoint = Endpoint.model_validate({"paginator": paginator, "data_selector": selector, **more})
    receipt = Receipt()
    source = ListContext("api.list", endpoint, (key,) if key else (), receipt, None, lambda row, reason, page: None)
    source.so_far.is_start_known = is_start_known
    one = build_paginator(source, max_in_flight=4)
    request = Request("GET", "https://api.invalid/list", params=dict(endpoint.params))
    one.init_request(request)
    came = Read("", "")
    while one.has_next_page:
        assert len(came.asked) < _MOST, "the read never ends"
        came.asked.append(dict(request.params or {}))
        body, headers, status = (*_whole(answers(came.asked[-1])),)
        response = SimpleNamespace(
            parsed=body,
            url=request.url,
            request=Request("GET", request.url, params=request.params).prepare(),
            links={},
            headers=CaseInsensitiveDict(headers),
            status_code=status,
            json=lambda whole=body: whole,
        )
        found = json_paths.find_values(selector or "$", body)
        rows = list(found[0]) if len(found) == 1 and isinstance(found[0], list) else found
        one.update_state(response, rows)
        came.rows += rows
        one.update_request(request)
        came.ahead.append(len(list(one.reading.ahead(request))))
    came.verdict, came.reason = receipt.finding.verdict.words, receipt.finding.reason
    return came


def _whole(answer: Any) -> tuple[Any, dict[str, str], int]:
    if not isinstance(answer, tuple):
        return answer, {}, 200
    return (*answer, 200) if len(answer) == 2 else answer
