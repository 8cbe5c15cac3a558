"""Words by which an answer with status 200 says that it failed: `ok: false`, `status: error`, a code with a message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

from messaging_assets.answers.beside_list import Leaf, plain_word, soap_fault
from messaging_assets.answers.record_keys import whole_number


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ERRORS = _words(
    "error errors error_message error_msg error_description error_text error_type fault exception failures problems "
    "error_info error_detail error_details"
)
# Lists of what the API itself could not ask; those of records with ids are its own lists.
_UNASKED = _words("unreachable failed_regions failed_shards failed_sources unavailable_sources missing_shards")
_GOOD = _words(
    "ok success succeeded successful is_success is_successful is_ok succeed valid is_valid authenticated "
    "is_authenticated authorized is_authorized"
)
_BAD = frozenset(("failed", "failure", "is_error", "has_error", "has_errors", "is_failed"))
_STATES = _words(
    "status result stat response_status result_status type state outcome ack returncode api_status status_text"
)
_KINDS = frozenset(("type", "kind", "id", "object"))
# Objects that hold such words, beside those with an envelope's name.
_HOLDERS = _words("status header head response_header result response response_status resp metadata shards")
_FAILED = _words(
    "error errors err fail failed failure nok not_ok ko exception fault denied forbidden unauthorized unauthorised "
    "bad_request internal_error server_error"
)
# One of these words in the value of a state says that something failed: OVER_QUERY_LIMIT, "error: bad key".
_FAILING = _words(
    "error errors err fail fails failed failure fault exception denied forbidden unauthorized unauthorised "
    "unauthenticated invalid expired exceeded limit limited throttled throttling timeout unavailable busy aborted "
    "rejected refused notok nok ko quota overloaded maintenance pending processing queued"
)
# The same in a sentence beside the list, in which a word alone may be harmless.
_FAILING_TEXT = re.compile(
    r"rate.?limit|too many requests|quota|throttl|access denied|permission denied|not allowed|forbidden|unauthori[sz]ed"
    r"|not authori[sz]ed|unauthenticated|expired|invalid|not valid|try again|retry later|temporarily|unavailable"
    r"|(system|server|too) busy|internal (server )?error|timed? ?out|overload|maintenance|missing (key|token|api)"
    r"|bad (key|token|request)|(request|query|authentication|login) failed|failed to",
    re.IGNORECASE,
)
# That there is nothing is no failure, and some APIs use an error's words for it.
_NOTHING = re.compile(
    r"^(there (is|are|were) )?(no|not|nothing|none|zero|0)\b.*"
    r"(record|result|data|found|match|entr|row|item|transaction|object|content|message|error)|^(empty|zero_results)",
    re.IGNORECASE,
)
_FINE = _words(
    "ok okay success successful succeeded succeed successfully done none null no_error no_errors 0 00 000 0000 00000 "
    "200 true completed complete fine s_ok no_content found good normal accepted created nil undefined approved "
    "processed request_processed ready active up healthy pass passed"
)
_FINE_ENDS = ("_success", "_successfully", "_succeeded", "_ok")
_FINE_STARTS = ("success", "ok_", "request_success", "operation_success", "query_success", "no_error")
# Beside an empty list of errors, faults or problems, such as "No open issues".
_QUIET = re.compile(
    r"\b(no|zero|0)( \w+){0,2} (error|exception|fault|failure|problem|issue|incident|alert|warning)s?\b"
    r"|\b0 of 0\b|\ball( \w+){0,2} (operational|healthy|clear)",
    re.IGNORECASE,
)
_CODES = _words(
    "code error_code err_code errcode errno error_no ret retcode ret_code rc status_code result_code response_code "
    "return_code http_status http_code http_status_code resp_code api_code"
)
_MESSAGES = _words(
    "message msg errmsg err_msg error_message error_msg reason detail details description error_description "
    "status_message result_message ret_msg info text title error status_text error_type error_detail error_details"
)
_SENTENCE_STARTS = frozenset(("return", "ret", "status", "result", "response", "resp", "code", "error", "err", "api"))
_SENTENCE_ENDS = frozenset(("msg", "message", "desc", "description", "text", "reason", "info", "detail"))
# Of these no title of a list is one, such as "Failed jobs".
_SENTENCES = _MESSAGES - {"detail", "details", "description", "info", "text", "title"}
_TELLING = _UNASKED | _ERRORS | _GOOD | _BAD | _STATES | _HOLDERS | _CODES | _SENTENCES


@dataclass(frozen=True)
class FailureWord:
    """Where an answer says that it failed.

    Args:
        path: the JSON path to the word.
        declaration: what the file can say in `error_in_body` to have it taken for one.
    """

    path: str
    declaration: str


def says_failed(body: Any, leaves: Iterable[Leaf], to_list: tuple[str, ...] = ()) -> FailureWord | None:
    """Where an answer says that it failed; None where it does not.

    Args:
        body: the answer, as parsed.
        leaves: the plain values beside its list.
        to_list: the keys that lead to the list, where the file names it; `problems` may be what is asked for.
    """
    if fault := soap_fault(body):
        return FailureWord(fault, f"{{path: {fault}}}")
    leaves, keys = list(leaves), map(plain_word, body if isinstance(body, Mapping) else ())
    if _TELLING.isdisjoint((*keys, *(leaf.word for leaf in leaves))):
        return None
    return _error_by_name(body, to_list) or _failure_around(body, leaves)


def _error_by_name(body: Any, to_list: tuple[str, ...]) -> FailureWord | None:
    for key, value in body.items() if isinstance(body, Mapping) else ():
        is_list = isinstance(value, list) and not any(isinstance(one, Mapping) and "id" in one for one in value)
        if plain_word(key) not in (_ERRORS | _UNASKED if is_list else _ERRORS):
            continue
        if _is_error(_around_list(value, to_list) if (key,) == to_list[:1] else value):
            path = Leaf((key,), None).path
            return FailureWord(path, f"{{path: {path}}}")
    return None


def _failure_around(body: Any, leaves: Iterable[Leaf]) -> FailureWord | None:
    around: dict[tuple[str, ...], list[Leaf]] = {}
    inner = body.items() if isinstance(body, Mapping) else ()
    holders = ((key, one) for key, one in inner if isinstance(one, Mapping) and plain_word(key) in _HOLDERS)
    held = (Leaf((key, name), value) for key, holder in holders for name, value in holder.items())
    for leaf in (*leaves, *held):
        if not leaf.is_header:
            around.setdefault(leaf.names[:-1], []).append(leaf)
    for beside in around.values():
        for leaf in beside:
            if _fails(leaf, beside):
                return FailureWord(leaf.path, f"{{path: {leaf.path}{_rule(leaf)}}}")
    return None


def _around_list(value: Any, to_list: tuple[str, ...]) -> list[str]:
    """The sentences of a failure in an object of an error's name, beside the list in it; any, where that has no row."""
    around = value if isinstance(value, Mapping) else {}
    rows = reduce(lambda found, name: found.get(name) if isinstance(found, Mapping) else None, to_list[1:], value)
    named = ((plain_word(name), text) for name, text in around.items() if (name,) != to_list[1:2])
    said = [(word, text) for word, text in named if word in _MESSAGES and isinstance(text, str)]
    return [one for word, one in said if _says_failing(one) or (not rows and word in _SENTENCES and not _is_quiet(one))]


def said_instead(body: Any, leaves: Iterable[Leaf]) -> str | None:
    """Where an answer without its list says something that may be why, such as `msg`; None where it does not.

    Args:
        body: the answer, as parsed.
        leaves: its plain values.
    """
    leaves = [leaf for leaf in leaves if not leaf.is_header]
    if word := says_failed(body, leaves):
        return word.path
    texts = (leaf for leaf in leaves if isinstance(leaf.value, str) and _is_message(leaf.word))
    return next((leaf.path for leaf in texts if not _is_fine(leaf.value)), None)


def _rule(leaf: Leaf) -> str:
    """Which values at the place mean an error, as the file writes it; an API's own words are no record's content."""
    if leaf.word in _GOOD and not _truth(leaf.value):
        return ", unless: true" if isinstance(leaf.value, (bool, str)) else ", unless: 1"
    if isinstance(leaf.value, str):
        return f", values: [{plain_word(leaf.value)}]" if plain_word(leaf.value) in _FAILED else ""
    number = _code_number(leaf.value)
    if number is not None and ("http" in leaf.word or "status" in leaf.word or 400 <= number < 600):
        return f", values: [{number}]"
    return ", unless: 0" if number is not None and leaf.word in _CODES else ""


def _fails(leaf: Leaf, beside: list[Leaf]) -> bool:
    word, value = leaf.word, leaf.value
    if word in _GOOD and not _holds_shards(leaf):
        return _truth(value) is False or (isinstance(value, str) and _is_failing(value))
    if word in _BAD:
        is_counted = _holds_shards(leaf) and (whole_number(value) or 0) > 0
        return _truth(value) is True if not is_counted else True
    if word in _ERRORS and len(leaf.names) > 1:
        return _is_error(value)
    if word == "state" and any(other.word in _KINDS for other in beside):
        # An object of a kind, such as a job with its list of steps, has a state of its own.
        return False
    if word in _STATES:
        return _is_failed_state(word, value, beside)
    if word in _CODES:
        return _is_failed_code(word, value, beside)
    return word in _SENTENCES and isinstance(value, str) and _says_failing(value)


@lru_cache(maxsize=4096)
def _is_message(word: str) -> bool:
    """Whether a word names a sentence about the answer, such as returnMsg or statusDesc beside a code."""
    before, _, last = word.rpartition("_")
    return word in _MESSAGES or (last in _SENTENCE_ENDS and before in _SENTENCE_STARTS)


def _is_failed_state(word: str, value: Any, beside: list[Leaf]) -> bool:
    if isinstance(value, str):
        # A kind, such as the type of the list's records, may have any name.
        return plain_word(value) in _FAILED if word == "type" else _is_failing(value)
    if value is False:
        return _has_message(beside)
    number = whole_number(value)
    if number is None or word == "type":
        return False
    return 400 <= number < 600 or (number <= 0 and _has_failing_message(beside))


def _is_failed_code(word: str, value: Any, beside: list[Leaf]) -> bool:
    number = _code_number(value)
    is_of_error = "err" in word
    if number is not None:
        if 400 <= number < 600 and (
            "http" in word or "status" in word or (number != 404 and not _is_said_fine(beside))
        ):
            return True
        if number == 0 or _is_fine_number(number):
            return _has_failing_message(beside)
        return _has_message(beside) or ((is_of_error or number < 0) and not _is_said_fine(beside))
    if not isinstance(value, str) or not value.strip() or _is_fine(value):
        return False
    return _is_failing(value) or _has_message(beside) or (is_of_error and not _is_said_fine(beside))


def _code_number(value: Any) -> int | None:
    """A code that is a number; some write failures below zero."""
    below = isinstance(value, (int, str)) and re.fullmatch(r"\s*-\d{1,18}\s*", str(value))
    return int(value) if below else whole_number(value)


def _truth(value: Any) -> bool | None:
    """A truth value, also where it is written as a number or a text; None for what is none."""
    text = str(value).strip().lower() if isinstance(value, (bool, int, str)) else ""
    return True if text in ("true", "1", "yes", "y", "t") else False if text in ("false", "0", "no", "n", "f") else None


def _holds_shards(leaf: Leaf) -> bool:
    return len(leaf.names) > 1 and plain_word(leaf.names[-2]) == "shards"


def _is_failing(text: str) -> bool:
    """Whether the value of a state says that something failed."""
    word = plain_word(text)
    return not _is_fine(text) and (word in _FAILED or bool(_FAILING & set(word.split("_"))))


def _says_failing(text: str) -> bool:
    """Whether a sentence says that something failed."""
    return bool(_FAILING_TEXT.search(text)) and not _is_fine(text)


def _is_fine_number(number: int) -> bool:
    """200 and what is made of it, such as 20000."""
    return 200 <= number < 300 or str(number).startswith("200") or number == 1


def _said(beside: list[Leaf]) -> list[str]:
    said = [leaf.value for leaf in beside if _is_message(leaf.word) and isinstance(leaf.value, str)]
    return [text for text in said if text.strip()]


def _has_message(beside: list[Leaf]) -> bool:
    return bool(_said(beside)) and not _is_said_fine(beside)


def _has_failing_message(beside: list[Leaf]) -> bool:
    return any(map(_says_failing, _said(beside)))


def _is_said_fine(beside: list[Leaf]) -> bool:
    return any(map(_is_fine, _said(beside)))


def _is_fine(text: str) -> bool:
    word = plain_word(text)
    if word in _FINE or word.startswith(_FINE_STARTS) or word.endswith(_FINE_ENDS) or _NOTHING.search(text.strip()):
        return True
    return "成功" in text or not word.strip("_")


def _is_quiet(text: str) -> bool:
    """Whether a text beside an empty list of errors says that there are none."""
    return _is_fine(text) or bool(_QUIET.search(text))


def _is_error(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_is_error, value.values()))
    if isinstance(value, (list, tuple)):
        return any(one is not None and one not in ("", {}, []) for one in value)
    if isinstance(value, str):
        return not _is_fine(value) and plain_word(value) not in ("false", "no")
    return bool(value)
