"""XML as the values that JSON has, so that paths lead through it: elements by name, attributes as `@name`.

An element with nothing but text is that text, one without anything is null, one that comes several times a list. No
document type is read, so that there are no entities but the five of XML itself.
"""

from __future__ import annotations

import re
from typing import Any
from xml.parsers import expat

from messaging_assets.answers.formats.json_text import Unreadable

_DEEPEST = 200
_NIL = re.compile(r"(?:\w+:)?nil")


class _Forbidden(Exception):
    """What is in the document that is not read."""


def xml_tree(body: bytes, encoding: str | None, selector: str | None, lists: frozenset[str]) -> dict[str, Any]:
    """A document as one object, whose key is the root element's name.

    Args:
        body: the document.
        encoding: what the Content-Type or the file says; None where the document says it itself.
        selector: where its records are; the elements there are a list, however many came.
        lists: names of further elements that are lists, however many came.

    Raises:
        Unreadable: it is no XML, cut off, too deep, or has a document type.
    """
    tree = _Tree(lists)
    try:
        parser = expat.ParserCreate(encoding)
    except (ValueError, LookupError):
        parser = expat.ParserCreate()
    parser.buffer_text, parser.ordered_attributes = True, True
    parser.StartElementHandler, parser.EndElementHandler = tree.start, tree.end
    parser.CharacterDataHandler = tree.text
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        parser.Parse(body, True)
    except _Forbidden as found:
        raise Unreadable(f"XML {found}") from None
    except (expat.ExpatError, ValueError, LookupError):
        raise Unreadable("XML that is cut off or broken") from None
    _make_list(tree.root, selector)
    return tree.root


def _refuse_document_type(*_: Any) -> None:
    raise _Forbidden("with a document type, which may hold entities and is not read")


class _Tree:
    """Grows an object from the elements, as they come."""

    def __init__(self, lists: frozenset[str]) -> None:
        self.root: dict[str, Any] = {}
        self._lists = lists
        self._open: list[dict[str, Any]] = [self.root]
        self._texts: list[list[str]] = [[]]

    def start(self, name: str, attributes: list[str]) -> None:
        if len(self._open) > _DEEPEST:
            raise _Forbidden(f"deeper than {_DEEPEST} elements")
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        self._open.append({f"@{key}": value for key, value in pairs if not key.startswith("xmlns")})
        self._texts.append([])

    def text(self, text: str) -> None:
        self._texts[-1].append(text)

    def end(self, name: str) -> None:
        element, text = self._open.pop(), "".join(self._texts.pop())
        value: Any = element or None
        if not element:
            value = text or None
        elif text.strip():
            element["#text"] = text
        elif len(element) == 1 and any(_NIL.fullmatch(key[1:]) and element[key] in ("true", "1") for key in element):
            value = None
        around = self._open[-1]
        if name not in around:
            around[name] = [value] if name in self._lists else value
        elif isinstance(around[name], list):
            around[name].append(value)
        else:
            around[name] = [around[name], value]


def _make_list(root: dict[str, Any], selector: str | None) -> None:
    """Make a list of the elements that a selector finds, also of one or none in an element that came."""
    path = (selector or "$").partition("[")[0].removeprefix("$.")
    *names, last = [name.strip("'\"") for name in re.findall(r"'[^']*'|\"[^\"]*\"|[^.]+", path)] or ["$"]
    if last in ("$", "*") or not names:
        return
    around: Any = root
    for name in names[:-1]:
        around = around.get(name) if isinstance(around, dict) else None
    if not isinstance(around, dict) or names[-1] not in around:
        return
    if around[names[-1]] is None:
        around[names[-1]] = {}
    holder = around[names[-1]]
    if not isinstance(holder, dict):
        return
    found = holder.get(last)
    holder[last] = found if isinstance(found, list) else [] if found is None and last not in holder else [found]
