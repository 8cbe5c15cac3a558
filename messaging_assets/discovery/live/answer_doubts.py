"""What an answer says against the list that was taken from it: that it failed, or that it holds other lists."""

from __future__ import annotations

from typing import Any

from messaging_assets.answers.beside_list import beside, list_names
from messaging_assets.answers.failure_words import says_failed
from messaging_assets.answers.held_records import every_held
from messaging_assets.discovery.live import paging_signs as signs
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.json_paths import quoted_path

# A record may well have some numbers about one thing in an object of their own.
_NUMBERS = 5


def doubt_of_answer(path: str, body: Any, selector: str, rows: int) -> str:
    """Why an answer may not be what a list of the API usually is, as a clause; empty where nothing says so.

    Args:
        path: what was asked, for the sentence.
        body: the answer, as parsed.
        selector: the JSON path of the list; `$` where the answer is one object.
        rows: how many rows the list holds.

    Raises:
        MendDescription: the answer says that it failed, and brings no row.
    """
    if not isinstance(body, dict):
        return ""
    doubts = [_failure(path, body, selector, rows)]
    if selector != "$" and (others := _other_lists(body, selector)):
        doubts.append(f"'{selector}' was taken for the list, with {rows} rows, but there is more: {others}")
    return "; ".join(filter(None, doubts))


def doubt_of_keyless_object(body: Any) -> str:
    """Why an answer that was taken for one object without a key may be several records, as a clause."""
    for key, part in body.items() if isinstance(body, dict) else ():
        if told := _several_in(quoted_path(key), part, is_all=len(body) == 1):
            return f"the answer was taken for one object, but '{quoted_path(key)}' in it {told} if those are the rows"
    return ""


def _several_in(path: str, part: Any, is_all: bool) -> str:
    """What a part of an object holds that may be records, and how to read them; a record may well have a few tags."""
    if isinstance(part, list) and len(part) == 1 and isinstance(part[0], dict):
        return f"is a list, with one object today; name data_selector: {path} and a paginator"
    if isinstance(part, list) and part and is_all and all(type(one) in (str, int) for one in part):
        return f"is a list of values; name data_selector: {path} and primary_key: value"
    if isinstance(part, dict) and len(part) >= _NUMBERS and all(type(one) in (int, float) for one in part.values()):
        return f"has {len(part)} numbers by their keys; write data_selector: {path}.* and primary_key: _key"
    return ""


def _failure(path: str, body: dict[str, Any], selector: str, rows: int) -> str:
    # Problems are what some monitor; a list of errors that nobody asked for is one of mistakes.
    to_list = () if signs.is_about_error(selector) else list_names(selector)
    word = says_failed(body, beside(body, list_names(selector)), to_list)
    if word is None:
        return ""
    if not rows or (selector == "$" and all(map(signs.is_about_error, body))):
        raise MendDescription(
            f"{path} answered that it failed, at '{word.path}', and without rows; look up what it asks for in the "
            "API's documentation, such as a parameter in the path or another way of authentication."
        )
    return f"the answer says at '{word.path}' that it failed; say error_in_body: {word.declaration} if that is an error"


def _other_lists(body: dict[str, Any], selector: str) -> str:
    held = [one for one in every_held(body) if one.shape in ("objects", "by_key", "rows")]
    inside = (f"{selector}.", f"{selector}[")
    others = [one for one in held if one.path != selector and not one.path.startswith(inside)]
    told = [f"'{one.path}' with {one.number}" for one in others if not f"{selector}.".startswith(f"{one.path}.")]
    return ", ".join(told)
