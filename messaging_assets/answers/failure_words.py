"""Words by which an answer with status 200 says that it failed: `ok: false`, `status: error`, a code with a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from messaging_assets.answers.beside_list import Leaf, plain_word
from messaging_assets.answers.record_keys import whole_number
from messaging_assets.description.api import ErrorInBody
from messaging_assets.foundation import json_paths

_ERRORS = frozenset(
    ("error", "errors", "error_message", "error_msg", "error_description", "error_text", "fault", "exception")
)
_GOOD = frozenset(("ok", "success", "succeeded", "successful", "is_success", "is_successful", "is_ok", "succeed"))
_BAD = frozenset(("failed", "failure", "is_error", "has_error", "has_errors", "is_failed"))
_STATES = frozenset(("status", "result", "stat", "response_status", "result_status", "type"))
# Objects that hold such words, beside those with an envelope's name.
_HOLDERS = frozenset(("status", "header", "head", "result", "response", "response_status", "resp", "metadata"))
_FAILED = frozenset(
    (
        *("error", "errors", "err", "fail", "failed", "failure", "nok", "not_ok", "ko", "exception", "fault"),
        *("denied", "forbidden", "unauthorized", "unauthorised", "bad_request", "internal_error", "server_error"),
    )
)
_CODES = frozenset(
    (
        *("code", "error_code", "err_code", "errcode", "errno", "error_no", "ret", "retcode", "ret_code", "rc"),
        *("status_code", "result_code", "response_code", "return_code", "http_status", "http_code", "http_status_code"),
    )
)
_MESSAGES = frozenset(
    (
        *("message", "msg", "errmsg", "err_msg", "error_message", "error_msg", "reason", "detail", "details"),
        *("description", "error_description", "status_message", "result_message", "ret_msg", "info", "text"),
        *("title", "error", "status_text"),
    )
)
_FINE = frozenset(
    (
        *("ok", "okay", "success", "successful", "succeeded", "succeed", "successfully", "done", "none", "null"),
        *("no_error", "no_errors", "0", "00", "000", "0000", "00000", "200", "true", "completed", "complete", "fine"),
        *("s_ok", "no_content", "found", "good", "normal", "accepted", "created"),
    )
)
_FINE_STARTS = ("success", "ok_", "request_success", "operation_success", "query_success", "no_error")


def is_error_at(declared: ErrorInBody, body: Any) -> bool:
    """Whether an answer holds what the file calls an error."""
    found = json_paths.find_values(declared.path, body)
    if declared.values is not None:
        return has_value(declared.path, declared.values, body)
    if "unless" in declared.model_fields_set:
        return not any(_is_same(value, declared.unless) for value in found)
    return any(value not in (None, False, "", [], {}) for value in found)


def has_value(path: str, values: Iterable[Any], body: Any) -> bool:
    """Whether one of some values is at a path; a number or truth value may be written as text."""
    found = json_paths.find_values(path, body)
    return any(_is_same(value, wanted) for value in found for wanted in values)


def _is_same(value: Any, wanted: Any) -> bool:
    if isinstance(value, (dict, list)):
        return False
    if value is None or wanted is None:
        return value is wanted
    return _as_text(value) == _as_text(wanted)


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class FailureWord:
    """Where an answer says that it failed.

    Args:
        path: the JSON path to the word.
        declaration: what the file can say in `error_in_body` to have it taken for one.
    """

    path: str
    declaration: str


def says_failed(body: Any, leaves: Iterable[Leaf]) -> FailureWord | None:
    """Where an answer says that it failed; None where it does not.

    Args:
        body: the answer, as parsed.
        leaves: the plain values beside its list.
    """
    if isinstance(body, Mapping):
        for key, value in body.items():
            if plain_word(key) in _ERRORS and _is_error(value):
                path = Leaf((key,), None).path
                return FailureWord(path, f"{{path: {path}}}")
    around: dict[tuple[str, ...], list[Leaf]] = {}
    holders = (item for item in body.items() if plain_word(item[0]) in _HOLDERS) if isinstance(body, Mapping) else ()
    held = (
        Leaf((key, name), value)
        for key, holder in holders
        if isinstance(holder, Mapping)
        for name, value in holder.items()
    )
    for leaf in (*leaves, *held):
        if not leaf.is_header:
            around.setdefault(leaf.names[:-1], []).append(leaf)
    for beside in around.values():
        for leaf in beside:
            if _fails(leaf, beside):
                return FailureWord(leaf.path, f"{{path: {leaf.path}{_rule(leaf)}}}")
    return None


def _rule(leaf: Leaf) -> str:
    """Which values at the place mean an error, as the file writes it; an API's own words are no record's content."""
    if leaf.word in _GOOD and leaf.value is False:
        return ", unless: true"
    if isinstance(leaf.value, str):
        return f", values: [{plain_word(leaf.value)}]" if plain_word(leaf.value) in _FAILED else ""
    number = whole_number(leaf.value) if not isinstance(leaf.value, bool) else None
    if number is not None and ("http" in leaf.word or "status" in leaf.word):
        return f", values: [{number}]"
    return ", unless: 0" if number is not None and leaf.word in _CODES else ""


def _fails(leaf: Leaf, beside: list[Leaf]) -> bool:
    word, value = leaf.word, leaf.value
    if word in _GOOD:
        return value is False or (isinstance(value, str) and plain_word(value) in ("false", "no", *_FAILED))
    if word in _BAD:
        return value is True
    if word in _ERRORS and len(leaf.names) > 1:
        return _is_error(value)
    number = whole_number(value) if not isinstance(value, bool) else None
    if word in _STATES:
        is_http = word != "type" and number is not None and 400 <= number < 600
        return is_http or (isinstance(value, str) and plain_word(value) in _FAILED)
    if word not in _CODES:
        return False
    if number is not None and 400 <= number < 600 and ("http" in word or "status" in word):
        return True
    if number is not None:
        return number != 0 and not _is_fine_number(number) and _has_message(beside)
    is_text = isinstance(value, str) and bool(value.strip())
    return is_text and not _is_fine(str(value)) and _has_message(beside)


def _is_fine_number(number: int) -> bool:
    """200 and what is made of it, such as 20000."""
    return 200 <= number < 300 or str(number).startswith("200") or number == 1


def _has_message(beside: list[Leaf]) -> bool:
    said = [leaf.value for leaf in beside if leaf.word in _MESSAGES and isinstance(leaf.value, str)]
    return any(text.strip() and not _is_fine(text) for text in said) and not any(map(_is_fine_word, said))


def _is_fine_word(text: str) -> bool:
    return bool(text.strip()) and _is_fine(text)


def _is_fine(text: str) -> bool:
    word = plain_word(text)
    return word in _FINE or word.startswith(_FINE_STARTS) or word.endswith(("_success", "_successfully", "_succeeded"))


def _is_error(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(one not in (None, False, "", 0, [], {}, "0") for one in value.values())
    if isinstance(value, str):
        return bool(value.strip()) and not _is_fine(value) and plain_word(value) not in ("false", "no")
    return bool(value)
