"""What pydantic says of one value, in words of this project."""

from __future__ import annotations

import re

from pydantic_core import ErrorDetails

_SIGNS = {"A-Za-z": "letters", "a-z": "small letters", "0-9": "digits", "_": "underscores", ".": "dots", "-": "hyphens"}


def own_words(error: ErrorDetails) -> str:
    """What pydantic says is wrong, as a clause.

    Args:
        error: one that names no other type and no word that would be allowed.
    """
    context = error.get("ctx", {})
    if error["type"] == "too_short":
        return "needs at least one entry"
    if error["type"] == "too_long":
        return f"takes at most {context['max_length']} entries"
    if error["type"] == "string_pattern_mismatch":
        return _signs(context["pattern"])
    text = str(context.get("error", "")) if error["type"] == "value_error" else ""
    text = text or re.sub("^(Input|String) should", "must", error["msg"])
    return text.replace("greater than or equal to", "at least").replace("less than or equal to", "at most")


def _signs(pattern: str) -> str:
    """The signs that a pattern of ours takes: one class of them, perhaps another one for the first."""
    classes = re.findall(r"\[([^\]]*)\]", pattern)
    first, taken = classes[0], classes[-1]
    names: list[str] = []
    for sign, name in _SIGNS.items():
        if sign in taken:
            names.append(name)
            taken = taken.replace(sign, "", 1)
    longest = re.search(r",(\d+)\}", pattern)
    many = f"up to {longest[1]} " if longest else ""
    begin = "" if first == classes[-1] else ", a letter first" if "_" not in first else ", no digit first"
    return f"must be {many}{', '.join(names[:-1])} and {names[-1]}{begin}"
