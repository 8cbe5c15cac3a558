"""How the sandbox behaves, and what it remembers of a request."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)  # slots: a mistyped setting fails instead of doing nothing
class Settings:
    """Behaviour towards every request; change it at any time, it holds from the next request on."""

    total: bool = True
    """Whether a page says how many rows there are."""
    page_size: int = 100
    """Rows of a page when the request does not say."""
    page_cap: int | None = None
    """Most rows of a page; a larger `limit` is clamped without a word."""
    most_asked: int | None = None
    """A request for more rows than this is refused with 400."""
    page_base: int = 1
    """The number of the first page under `by_page`."""
    ignore_offset: bool = False
    """Every page is the first one, whatever the request asks for."""
    offset_limit: int | None = None
    """A page that starts past this many rows is refused with `offset_limit_status`."""
    offset_limit_status: int = 400
    """Status of that refusal; 200 gives an empty list."""
    past_end_status: int = 200
    """Status of a page past the last row; 200 gives an empty list."""
    latency: float = 0.0
    """Seconds before each answer."""
    requests_per_second: int | None = None
    """More data requests than this within one second get a 429 with `Retry-After: 1`."""
    gzip: bool = False
    """Whether bodies are compressed for clients that accept it."""
    token_life: float = 3600.0
    """Seconds that an access token lives; `expires_in` says the same, rounded down."""
    key_in: str = "query"
    """Where the api_key APIs look for the key: query, header, bearer or basic (as the password)."""
    key_name: str = "api_key"
    """The query parameter or header that holds the key."""


@dataclass(slots=True)
class Request:
    """One request that an API of the sandbox was asked.

    `offset` is the row at which the page starts, whatever the paging style. `at` and `answered` are monotonic
    seconds. `status` stays None until the answer goes out, and for good when the connection was reset before.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str
    api: str
    at: float
    resource: str | None = None
    offset: int | None = None
    status: int | None = None
    answered: float | None = None


@dataclass
class Answer:
    """What goes back: a payload that becomes JSON, or raw bytes."""

    payload: object
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """The request is wrong, so that no fault is needed to refuse it."""

    def __init__(self, status: int, error: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(error)
        self.answer = Answer({"error": error}, status, headers or {})
