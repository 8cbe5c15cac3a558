"""Decoders of a manifest -> `format`."""

from __future__ import annotations

from typing import Any

from messaging_assets.conversion.manifest.expressions import single
from messaging_assets.conversion.manifest.parts import Part
from messaging_assets.conversion.outcome import Draft
from messaging_assets.discovery.found import without_nothing

_TYPES = {"CsvDecoder": "csv", "CsvParser": "csv", "JsonlDecoder": "ndjson", "JsonLineParser": "ndjson"}
_TYPES |= {"IterableDecoder": "csv"}
_TYPES |= {"XmlDecoder": "xml", "JsonDecoder": "json", "JsonParser": "json", "": "json"}
# A line is one value, whatever is in it: no text has this character.
_LINES = {"type": "csv", "columns": ["record"], "delimiter": "\x1f", "quote_char": None}
# Around another one; what is packed is opened whatever the file says.
_AROUND = {"GzipDecoder": "decoder", "GzipParser": "inner_parser", "ZipfileDecoder": "decoder"}
_AROUND["CompositeRawDecoder"] = "parser"


def add_format(draft: Draft, decoder: Part | None) -> bool:
    """Say what a stream's answers are written in; whether a word of the file does, else the stream is given up."""
    while decoder is not None and decoder.kind in _AROUND:
        # Parsers have other names for what decoders have.
        decoder = decoder.part(_AROUND[decoder.kind]) or decoder.part("parser")
    if decoder is None:
        return True
    if decoder.is_custom or decoder.kind not in _TYPES:
        draft.give_up(f"its answers are read by {decoder.shown}; write it by hand, see format")
        return False
    words = without_nothing(_words_of(decoder))
    if decoder.kind == "IterableDecoder":
        draft.endpoint["format"] = dict(_LINES)
    elif words != {"type": "json"}:
        draft.endpoint["format"] = words["type"] if len(words) == 1 else words
    return True


def _words_of(decoder: Part) -> dict[str, Any]:
    words: dict[str, Any] = {"type": _TYPES[decoder.kind]}
    encoding = decoder["encoding"]
    if isinstance(encoding, str) and encoding.lower().replace("-", "") not in ("utf8", "utf_8"):
        words["encoding"] = encoding
    if words["type"] == "csv":
        delimiter = single(decoder["delimiter"], decoder.parameters)
        # In a manifest a tab may be written out.
        delimiter = "\t" if delimiter == "\\t" else delimiter
        if delimiter == "\t":
            words["type"] = "tsv"
        elif delimiter not in (None, ",") and isinstance(delimiter, str):
            words["delimiter"] = delimiter
        if isinstance(missing := decoder["set_values_to_none"], list):
            words["null_values"] = [str(one) for one in missing]
    return words
