"""What in an answer says that its list goes on, wherever the file looks for the next page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from messaging_assets.answers.beside_list import Leaf, address_in, plain_word, tells_of_less
from messaging_assets.answers.record_keys import whole_number
from messaging_assets.answers.watched_counts import is_number_of_pages, is_range_of_more

_MORE = frozenset(
    (
        *("more", "has_more", "have_more", "is_more", "more_available", "has_more_available", "there_is_more"),
        *("has_next", "has_next_page", "next_page_exists", "is_next", "has_following", "can_load_more", "load_more"),
        *("is_truncated", "truncated", "is_limited", "limited"),
    )
)
# Of a record, these may say that a text of it was cut, or that it is of few.
_OF_A_TEXT = frozenset(("is_truncated", "truncated", "is_limited", "limited"))
# These say nothing of further pages where they are false.
_PARTIAL = frozenset(
    (
        *("incomplete", "incomplete_results", "is_incomplete", "partial", "is_partial", "partial_results"),
        *("timed_out", "is_partial_result", "sampled", "is_sampled", "data_sampled", "contains_sampled_data"),
        *("overflow", "overflowed", "has_overflow", "is_overflow", "hidden_by_limit", "has_hidden", "is_overflowed"),
    )
)
_MORE_OF = frozenset(("items", "results", "records", "data", "pages", "page", "rows", "events", "entries", "messages"))
_LAST = frozenset(
    (
        *("is_last", "is_last_page", "last_page", "last", "done", "is_done", "complete", "is_complete", "finished"),
        *("is_finished", "end", "is_end", "eof", "exhausted", "no_more", "is_final", "end_of_list", "end_of_results"),
        *("end_of_stream", "is_end_of_stream", "end_of_data", "end_of_feed"),
        *("data_complete", "result_complete", "response_complete", "list_complete", "is_last_batch", "last_batch"),
        *("end_of_records", "is_end_of_list", "results_complete", "final", "final_page"),
    )
)
# Beside "next", these are of the clock or of the next sync: next_run, nextSyncToken.
_LATER = frozenset(
    (
        *("run", "runs", "sync", "delta", "update", "updates", "time", "timestamp", "ts", "at", "date", "day", "since"),
        *("check", "retry", "reset", "poll", "polling", "refresh", "billing", "payment", "due", "renewal", "invoice"),
        *("execution", "schedule", "scheduled", "tick", "attempt", "try", "step", "steps", "action", "actions"),
        *("version", "release", "maintenance", "occurrence", "event", "change", "allowed", "call", "rotation", "shift"),
        *("seconds", "minutes", "hours", "ms", "in", "wait", "interval", "expected", "state", "status", "review"),
        *("month", "week", "year", "charge", "backup", "scan", "report", "phase", "stage", "level", "hop", "activity"),
    )
)
# Beside a truth value, each of these says that there is more, unless the name says no.
_MORE_PARTS = frozenset(("more", "older", "additional", "truncated", "further", "remaining", "exceeded"))
# A limit of rows that was met, and rows that were left out; that none were says nothing of further pages.
_MET, _LIMITS = frozenset(("reached", "hit")), frozenset(("limit", "max", "maximum", "cap"))
_LEFT_OUT = frozenset(("omitted", "dropped", "skipped", "suppressed"))
_OF_ROWS = frozenset(("row", "rows", "record", "records", "result", "results", "item", "items", "entries", "transfer"))
_OF_ANSWERS = frozenset(("query", "search", "result", "results", "response", "data", "list", "fetch"))
# That rows are kept back, such as older ones from a cheaper plan: history_limited.
_KEPT_BACK = frozenset(("limited", "capped", "restricted"))
# Such a limit ends a search before it has seen all rows.
_OF_SEARCHES = frozenset(("time", "search", "scan", "data"))
_PART = frozenset(("partial_success", "partial_data", "partial_content", "partial_result", "partial_results"))
_NEGATIONS = frozenset(("no", "not", "without", "never"))
# Numbers of what is left to read, and not of what an account may still ask.
_LEFT = frozenset(("remaining", "left", "outstanding"))
_BUDGETS = frozenset(
    (
        *("rate", "limit", "limits", "quota", "credit", "credits", "call", "calls", "request", "requests", "budget"),
        *("balance", "point", "points", "cost", "time", "seconds", "usage", "units", "ratelimit", "retries"),
        *("attempts",),
    )
)
_TOKENS = frozenset(
    (
        *("after", "cursor", "end_cursor", "after_cursor", "cursor_after", "marker", "continuation", "bookmark"),
        *("continuation_token", "page_token", "skip_token", "scroll_id", "last_evaluated_key", "ms_continuation"),
        *("continuation_key", "search_after", "resume_token", "pagination_token", "paging_token", "skiptoken"),
        *("resumption_token", "iterator", "page_state", "paging_state", "resume_key", "older", "continue"),
        *("more_url", "more_uri", "more_link", "more_href"),
    )
)
_SIZES = frozenset(
    ("limit", "per_page", "page_size", "max_results", "items_per_page", "results_per_page", "page_limit", "pagesize")
)
_ASKED_SIZES = _SIZES | {"size", "count", "top", "first", "rows", "take", "num", "max", "max_items", "maxresults"}
_TRUTHS = dict.fromkeys(("true", "yes", "y", "t", "1"), True) | dict.fromkeys(("false", "no", "n", "f", "0"), False)
_NONE = ("", "null", "none", "nil", "false", "-1", "0")
# Sizes that APIs like; a list of just so many rows is seldom a whole one.
_USUAL = frozenset((50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000))


@dataclass(frozen=True)
class Signs:
    """What one answer says of more.

    Args:
        said: a place that says in so many words that there is more; None where none does.
        link: a place with the next page's address or token, named so.
        token: a place with what may be a token.
        is_end_said: whether a place says in so many words that there is no more.
        is_more_denied: whether one of the body says that of further pages or rows, such as `has_more: false`.
        is_next_empty: whether a place for the next page is there, and empty.
        left_out: that a sentence beside the list says that rows are left out of it, as a clause; None where none does.
    """

    said: str | None = None
    link: str | None = None
    token: str | None = None
    is_end_said: bool = False
    is_more_denied: bool = False
    is_next_empty: bool = False
    left_out: str | None = None


def signs_of_more(leaves: Iterable[Leaf], headers: Mapping[str, str], pages: int, asked: Iterable[Any]) -> Signs:
    """Look for signs.

    Args:
        leaves: the values beside the list, and the headers.
        headers: the answer's headers.
        pages: how many pages came so far.
        asked: values of the request; an answer may repeat them.
    """
    said = link = token = None
    is_end_said = is_more_denied = is_next_empty = False
    echoes = {str(value) for value in asked}
    # Rows that were skipped may be those of earlier pages, as the request asked.
    leaves = [leaf for leaf in leaves if "skipped" not in leaf.word or str(leaf.value) not in echoes]
    here = (leaf for leaf in leaves if leaf.word in ("page", "current_page", "self", "page_number"))
    current = {str(leaf.value) for leaf in here if not _names_next(leaf)}
    for leaf in leaves:
        told, words = _truth(leaf, pages)
        if told is not None:
            said = said or words or None
            is_end_said = is_end_said or not told
            is_more_denied = is_more_denied or (not told and not leaf.is_header and is_of_more(leaf.word))
        elif is_number_of_pages(leaf.word):
            continue
        elif _is_reference(leaf.value) and str(leaf.value) not in current:
            if _names_next(leaf):
                link = link or leaf.place
            elif leaf.word in _TOKENS and str(leaf.value) not in echoes:
                token = token or leaf.place
        elif not _is_reference(leaf.value):
            is_next_empty = is_next_empty or _names_next(leaf)
    if address_in(headers.get("link", ""), "next"):
        link = link or "the header Link"
    less = [leaf for leaf in leaves if tells_of_less(leaf)] or _states_of_part(leaves)
    left_out = f"{less[0].place} says that rows are left out" if less else None
    return Signs(said, link, token, is_end_said, is_more_denied, is_next_empty, left_out)


def is_of_more(word: str) -> bool:
    """Whether a plain word asks whether there are further pages or rows, and can mean nothing else."""
    return word in _MORE and word not in _OF_A_TEXT


def is_full(sent: int, leaves: Iterable[Leaf], asked: Mapping[str, Any], is_by_links: bool) -> bool:
    """Whether a page holds as many rows as a page can.

    Args:
        sent: its rows.
        leaves: the values beside the list, which may repeat the size of a page.
        asked: the request's parameters.
        is_by_links: whether the file looks for a link or token; else it takes the page for everything.
    """
    echoed = [whole_number(leaf.value) for leaf in leaves if is_size(leaf)]
    sizes = [size for size in (*echoed, *map(whole_number, asked_sizes(asked))) if size]
    if sizes:
        # An API that sends more than was asked for heeds no size; only a usual number looks like a limit of its own.
        return sent in sizes or (sent > min(sizes) and sent in _USUAL)
    return is_by_links and sent in _USUAL


def is_size(leaf: Leaf) -> bool:
    """Whether a value repeats the size of a page."""
    return leaf.word in _SIZES and not leaf.is_header


def asked_sizes(asked: Mapping[str, Any]) -> list[Any]:
    """The parameters' values that are a page's size by their names."""
    return [value for name, value in asked.items() if plain_word(str(name)).removeprefix("page_") in _ASKED_SIZES]


def _truth(leaf: Leaf, pages: int) -> tuple[bool | None, str]:
    """Whether a value says that there is more, True, or that there is none, False, and in which words."""
    number = whole_number(leaf.value) if not isinstance(leaf.value, bool) else None
    if is_number_of_pages(leaf.word) and number is not None:
        if number > max(pages, 1):
            return True, f"{leaf.place} says that there are {number} pages, and {pages} came"
        return (False if number < 2 else None), ""
    told = _truth_value(leaf)
    return told, f"{leaf.place} says that there is more" if told else ""


def _truth_value(leaf: Leaf) -> bool | None:
    if _tells_of_left_out(leaf) or (isinstance(leaf.value, str) and (_is_part(leaf) or is_range_of_more(leaf))):
        return True
    is_more = _is_more(leaf.word) and not (leaf.is_header and _LEFT & set(leaf.word.split("_")))
    is_partial = not is_more and _is_partial(leaf.word)
    if not is_more and leaf.word not in _LAST and not is_partial:
        return None
    value = leaf.value
    value = _TRUTHS.get(value.strip().lower(), value) if isinstance(value, str) else value
    if isinstance(value, int) and not isinstance(value, bool):
        if is_more:
            # Some say how many more there are.
            return value > 0
        value = bool(value) if value in (0, 1) and leaf.word not in ("last", "last_batch") else value
    if not isinstance(value, bool):
        return None
    if is_partial:
        return value or None
    return value if is_more else not value


def _is_part(leaf: Leaf) -> bool:
    """Whether a state says that the answer is a part; another may be that of an object whose list it is."""
    before, _, last = leaf.word.rpartition("_")
    word = plain_word(leaf.value) if last in ("status", "state", "outcome") else ""
    return word in _PART or (before in _OF_ANSWERS and word in ("partial", "incomplete"))


def _states_of_part(leaves: Iterable[Leaf]) -> list[Leaf]:
    """A bare `status: partial`. Beside an id it is that of an object whose list it is."""
    own = {leaf.word: leaf for leaf in leaves if len(leaf.names) == 1 and not leaf.is_header}
    states = [own[word] for word in ("status", "state") if word in own and "id" not in own]
    return [leaf for leaf in states if str(leaf.value).strip().lower() in ("partial", "incomplete")]


def _tells_of_left_out(leaf: Leaf) -> bool:
    """Whether a value says or counts that rows were left out."""
    parts = set(leaf.word.split("_"))
    is_of_rows = bool(parts & _OF_ROWS and parts & _LEFT_OUT) and not parts & (_NEGATIONS | _BUDGETS - {"limit"})
    is_named = is_of_rows or {"omitted"} <= parts <= {"omitted", "count", "total"}
    return is_named and (str(leaf.value).strip().lower() in ("true", "yes") or bool(whole_number(leaf.value)))


@lru_cache(maxsize=4096)
def _is_more(word: str) -> bool:
    if word in _MORE:
        return True
    start, _, of = word.rpartition("_")
    if start in ("more", "has_more", "has_next") and of in _MORE_OF:
        return True
    parts = set(word.split("_"))
    is_met = "exceeded" in parts or bool(parts & _MET and parts & _LIMITS)
    if parts & _OF_ROWS and is_met and not parts & (_NEGATIONS | _BUDGETS - {"limit"}):
        return True
    if parts & _NEGATIONS or parts & _BUDGETS:
        # What is over is the list's own limit: limitExceeded.
        return word in ("limit_exceeded", "is_limit_exceeded", "limit_reached")
    is_next = "next" in parts and not parts & _LATER and bool(parts & {"has", "is", "exists", "available", "more"})
    return (
        is_next or bool(parts & _MORE_PARTS) or (parts <= _LEFT | _MORE_OF | {"count", "item"} and bool(parts & _LEFT))
    )


@lru_cache(maxsize=4096)
def _is_partial(word: str) -> bool:
    """Whether a truth value says that the answer is a part of what it could be; one that is false says nothing."""
    parts = set(word.split("_"))
    if word in _PARTIAL or parts & (_NEGATIONS | {"rate"}):
        return word in _PARTIAL
    is_met = "limit" in parts and bool(parts & (_MET | {"exceeded"}))
    return bool(parts & _KEPT_BACK and parts & (_OF_ROWS | {"history"})) or (is_met and bool(parts & _OF_SEARCHES))


def _is_reference(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool) and not is_word_of_none(str(value))


def is_word_of_none(text: str) -> bool:
    """Whether APIs write so where they have no link or token."""
    return text.strip().lower() in _NONE


def _names_next(leaf: Leaf) -> bool:
    if _is_next(leaf.word):
        return True
    # next: {page: 2}, and what is in an object named so in any other way.
    return not leaf.is_header and any(_is_next(plain_word(name)) for name in leaf.names[:-1])


@lru_cache(maxsize=4096)
def _is_next(word: str) -> bool:
    parts = set(word.split("_"))
    return bool(parts & {"next", "continue"}) and not parts & _LATER
