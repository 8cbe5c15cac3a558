"""XML as the values that JSON has, so that paths lead through it: elements by name, attributes as `@name`.

An element with nothing but text is that text, one without anything is null, one that comes several times a list. No
document type is read, so that there are no entities but the five of XML itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from xml.parsers import expat

import orjson

from messaging_assets.answers.formats.json_text import Unreadable
from messaging_assets.answers.formats.laid_out import Cut, Laid, NotInParts, Scratch
from messaging_assets.answers.formats.texts import is_full_part

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
    _parse(_parser(encoding, tree), [body])
    _make_lists(tree.root, selector)
    return tree.root


def laid_xml(
    pieces: Iterable[bytes], encoding: str | None, selector: str | None, lists: frozenset[str], scratch: Scratch
) -> Laid:
    """Read a document to its end, and put its records into a file, as JSON.

    Args:
        pieces: the document.
        encoding, selector, lists: see `xml_tree`.
        scratch: the file.

    Raises:
        NotInParts: no list is there.
        Unreadable: see `xml_tree`.
    """
    names = _names(selector)
    tree = _TreeWithoutList(lists, names, scratch)
    tree.parser = _parser(encoding, tree)
    _parse(tree.parser, pieces)
    tree.flush()
    _make_list(tree.root, names)
    holder: Any = tree.root
    for name in names:
        holder = holder.get(name) if isinstance(holder, dict) else None
    if not (names and isinstance(holder, list)):
        raise NotInParts
    return Laid(tree.root, tuple(names), tree.cuts)


def _parser(encoding: str | None, tree: _Tree) -> expat.XMLParserType:
    try:
        parser = expat.ParserCreate(encoding)
    except (ValueError, LookupError):
        parser = expat.ParserCreate()
    parser.buffer_text, parser.ordered_attributes = True, True
    parser.StartElementHandler, parser.EndElementHandler = tree.start, tree.end
    parser.CharacterDataHandler = tree.text
    parser.StartDoctypeDeclHandler = _refuse_document_type
    return parser


def _parse(parser: expat.XMLParserType, pieces: Iterable[bytes]) -> None:
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except _Forbidden as found:
        raise Unreadable(f"XML {found}") from None
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("XML that is cut off or broken") from None


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
        value, around = self._ended(), self._open[-1]
        if name not in around:
            around[name] = [value] if name in self._lists else value
        elif isinstance(around[name], list):
            around[name].append(value)
        else:
            around[name] = [around[name], value]

    def _ended(self) -> Any:
        element, text = self._open.pop(), "".join(self._texts.pop())
        value: Any = element or None
        if not element:
            value = text or None
        elif text.strip():
            element["#text"] = text
        elif len(element) == 1 and any(_NIL.fullmatch(key[1:]) and element[key] in ("true", "1") for key in element):
            value = None
        return value


class _TreeWithoutList(_Tree):
    """Grows an object from all elements but the records, which go to a file.

    Attributes:
        parser: where the elements come from.
        cuts: where the records of each part are.
    """

    parser: expat.XMLParserType

    def __init__(self, lists: frozenset[str], names: list[str], scratch: Scratch) -> None:
        super().__init__(lists)
        self._names, self._scratch = names, scratch
        # How many of the open elements lead to the list, and which of these came.
        self._on_the_way, self._came = 0, set[int]()
        self._records: list[Any] = []
        self._since = 0
        self.cuts: list[Cut] = []

    def start(self, name: str, attributes: list[str]) -> None:
        super().start(name, attributes)
        depth = len(self._open) - 1
        if self._on_the_way != depth - 1 or depth > len(self._names) or name != self._names[depth - 1]:
            return
        self._on_the_way = depth
        if depth < len(self._names):
            if depth in self._came or name in self._lists:
                raise NotInParts
            self._came.add(depth)

    def end(self, name: str) -> None:
        depth = len(self._open) - 1
        if self._on_the_way != depth:
            super().end(name)
            return
        self._on_the_way -= 1
        if depth < len(self._names):
            super().end(name)
            return
        self._records.append(self._ended())
        self._open[-1].setdefault(name, [])
        at = self.parser.CurrentByteIndex
        if is_full_part(len(self._records), at - self._since):
            self.flush()
            self._since = at

    def flush(self) -> None:
        """Let the records that came be a part."""
        if self._records:
            written = orjson.dumps(self._records)[1:-1]
            self._scratch.take([written])
            self.cuts.append(Cut(0, len(written), len(self._records)))
            self._records.clear()


def _names(selector: str | None) -> list[str]:
    """The names that lead to a list, from the root element on; none where it is in no element."""
    path = (selector or "$").partition("[")[0].removeprefix("$.")
    names = _names_in(path)
    return names if len(names) > 1 and names[-1] not in ("$", "*") else []


def _names_in(path: str) -> list[str]:
    return [name.strip("'\"") for name in re.findall(r"'[^']*'|\"[^\"]*\"|[^.]+", path)]


def _make_lists(root: dict[str, Any], selector: str | None) -> None:
    """Make a list of whatever a selector takes for one: `feed.entry`, and each of `feed.group[*].entry[*]`."""
    first, *behind = (selector or "$").split("[*]")
    names = _names(first)
    _make_list(root, names)
    holders = _elements(root, names)
    for part in behind:
        if not part.startswith(".") or "[" in part:
            return
        names = _names_in(part)
        for holder in holders:
            _make_list({"": holder}, ["", *names])
        holders = [element for holder in holders for element in _elements(holder, names)]


def _elements(around: Any, names: list[str]) -> list[Any]:
    """The list at these names; an empty one where there is none."""
    for name in names:
        around = around.get(name) if isinstance(around, dict) else None
    return around if isinstance(around, list) else []


def _make_list(root: dict[str, Any], to_list: list[str]) -> None:
    """Make a list of the elements that these names lead to, also of one or none in an element that came."""
    if not to_list:
        return
    *names, last = to_list
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
