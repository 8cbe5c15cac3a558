"""Secrets are taken out of texts whatever way they are spelled there, and nothing else is."""

from __future__ import annotations

import ast
import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from dagster import MetadataValue
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging_assets.assets.metadata.hidden_metadata import without_secrets
from messaging_assets.assets.preview import cell
from messaging_assets.foundation.redaction import MASK, Redaction, harmless, one_line
from messaging_assets.reading.resume_point import holds_secret, storable
from messaging_assets_tests.rooms import PACKAGE

SECRETS = ["Zq9Leak/S3cr+t=x7", 'c4nary+se/cr=et%&"x', "p%41ss\\word", "with a blank", "ümläut-€-secret", "a<b>&c;d"]
SPELLINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded in small letters": lambda text: re.sub(
        "%..", lambda found: found[0].lower(), quote(text, safe="")
    ),
    "percent-encoded in part": lambda text: quote(text, safe="/=&?\"'<>; "),
    "in small letters": str.lower,
    "percent-encoded throughout": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "percent-encoded thrice": lambda text: quote(quote(quote(text, safe=""), safe=""), safe=""),
    "form-encoded": quote_plus,
    "HTML": lambda text: html.escape(text).replace("+", "&#43;").replace("=", "&#x3D;"),
    "HTML throughout": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON with slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON throughout": lambda text: "".join(f"\\u{ord(character):04x}" for character in text),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "a link in JSON": lambda text: json.dumps(f"/m?k={quote(text, safe='')}"),
    "repr": lambda text: repr(text)[1:-1],
    "Markdown": lambda text: "".join(f"\\{one}" if one in '+/=%&"\\<>;_-' else one for one in text),
    "hexadecimal": lambda text: text.encode().hex(),
    "HEXADECIMAL": lambda text: text.encode().hex().upper(),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 of addresses": lambda text: urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 behind one letter": lambda text: b64encode(f"u{text}".encode()).decode()[2:],
    "base64 behind two": lambda text: b64encode(f"u:{text}:more".encode()).decode()[3:],
    "base64 in an address": lambda text: quote(b64encode(text.encode()).decode(), safe=""),
    "percent-encoded base64 of a form": lambda text: b64encode(f"id:{quote_plus(text)}".encode()).decode(),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=list(SPELLINGS))
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_found_in_any_spelling(secret: str, spell: Callable[[str], str]) -> None:
    told = Redaction([secret])(f"before {spell(secret)}, after")
    assert told.startswith("before ")
    assert told.endswith(" after")
    assert MASK in told
    assert len(told) <= len("before ***, after") + 10


@settings(max_examples=60)
@given(
    st.text(min_size=6, max_size=30),
    st.sampled_from(
        [
            SPELLINGS[name]
            for name in ("percent-encoded", "percent-encoded throughout", "JSON", "JSON throughout", "repr")
        ]
    ),
)
def test_no_spelling_of_any_text_is_left(secret: str, spell: Callable[[str], str]) -> None:
    if any(0xD800 <= ord(character) < 0xE000 or ord(character) > 0xFFFF for character in secret):
        return
    assert spell(secret) not in Redaction([secret])(f"before {spell(secret)} after")


@given(st.text(max_size=200))
@settings(max_examples=60)
def test_a_text_without_the_secret_stays_as_it_is(text: str) -> None:
    assert Redaction(["Zq9Leak/S3cr+t=x7"])(text) == text


@pytest.mark.parametrize(
    "text", ["100 %", "%zz &amp; \\", "a\\nb", "&#43;&nosuch;", "%E2%82", "\\u12", "", "\\" * 500, "%25" * 500]
)
def test_escapes_that_hold_no_secret_are_kept(text: str) -> None:
    assert Redaction(["Zq9Leak/S3cr+t=x7"])(text) == text


def test_two_secrets_beside_each_other_and_one_inside_another_are_hidden() -> None:
    redaction = Redaction(["secret-one", "secret-one-longer"])
    assert redaction("secret-onesecret-one-longer%73ecret-one") == f"{MASK}{MASK}{MASK}"


def test_keys_and_values_in_nested_data_are_redacted() -> None:
    told = Redaction(["s3cret-value"]).within({"s3cret-value": ["a s3cret-value", {"n": 1}], "k": None})
    assert told == {MASK: [f"a {MASK}", {"n": 1}], "k": None}


@pytest.mark.parametrize(
    ("position", "kept"),
    [
        ("https://a.example/m?p=2&key={}", "https://a.example/m?p=2"),
        ("https://a.example/m?p=2", "https://a.example/m?p=2"),
        ("next-{}", None),
        ("https://a.example/{}/m?p=2", None),
        ("https://a.example/m?p=1&s=Zq9Leak/S3cr&#43;t&#61;x7", None),
        ("https://a.example/m?p=1&X-Amz-Signature=abc", None),
        (100, 100),
    ],
)
def test_a_place_that_holds_a_secret_is_not_kept(position: str | int, kept: str | int | None) -> None:
    secret = "Zq9Leak/S3cr+t=x7"
    with Redaction([secret]).on_loggers():
        for spell in (str, lambda text: quote(text, safe=""), lambda text: text.encode().hex().upper()):
            asked = position.format(spell(secret)) if isinstance(position, str) else position
            if kept is None:
                with pytest.raises(ValueError, match="secret"):
                    storable(asked)
            else:
                assert storable(asked) == kept
        assert holds_secret({"finished": [quote(secret)]})
        assert not holds_secret({"finished": ["a"]})


def test_metadata_are_redacted_and_a_cursor_with_a_secret_is_left_out() -> None:
    told = without_secrets(
        {
            "messaging_assets/last_cursor": "at-s3cret-value",
            "messaging_assets/first_cursor": "2024-01-01",
            "messaging_assets/verdict_reason": "read s3cret-value",
            "messaging_assets/preview": MetadataValue.md("| s3cret\\-value |"),
            "messaging_assets/how_it_ended": MetadataValue.json({"s3cret%2Dvalue": 1}),
            "messaging_assets/pages": 3,
        },
        Redaction(["s3cret-value"]),
    )
    assert told == {
        "messaging_assets/first_cursor": "2024-01-01",
        "messaging_assets/verdict_reason": f"read {MASK}",
        "messaging_assets/preview": MetadataValue.md(f"| {MASK} |"),
        "messaging_assets/how_it_ended": MetadataValue.json({MASK: 1}),
        "messaging_assets/pages": 3,
    }


def test_what_an_api_echoes_of_its_key_is_in_the_table_and_in_no_event(
    one_table: Any, clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENERIC_REST__API_KEY", LONG)
    one_table.sandbox.keys["generic_rest"] = LONG
    said = {"name": LONG, "at": f"2024 {LONG}", "n": [f"your key is {LONG}"]}
    bad = {"id": None, "name": f"your key is {LONG}"}
    synced = one_table.run([{"id": f"x{quote(LONG)}", **said}, bad], preview_rows=5, maximum_set_aside_share=1)
    assert synced.green
    assert MASK in synced.receipt["preview"].replace("\\", "")
    assert LONG[:8] not in repr([one for one in synced.events if "preview" in repr(one)]).replace("\\", "")
    history = [path for path in (clean_room / "dagster").rglob("*") if path.is_file()]
    assert [path for path in history if LONG[4:18].encode() in path.read_bytes().replace(b"\\", b"")] == []


LONG = "Zq9Leak-aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA2bC4dE6fG8hJ0kL2"


@pytest.mark.parametrize("before", ["", "your key is ", "x" * 35, "x" * 60])
@pytest.mark.parametrize("spell", [SPELLINGS[name] for name in ("raw", "hexadecimal", "base64")])
def test_what_is_shortened_loses_its_secrets_before(before: str, spell: Callable[[str], str]) -> None:
    redaction = Redaction([LONG])
    told = cell(f"{before}{spell(LONG)} and more", redaction)
    assert spell(LONG)[:4] not in told
    assert len(told) <= 40
    assert cell({"key": [f"{before}{spell(LONG)}"]}, redaction).count(spell(LONG)[:8]) == 0


@pytest.mark.parametrize("cut", ["…", "...", " |"])
@pytest.mark.parametrize("mark", ["", "\\"])
def test_the_head_of_a_secret_is_hidden_where_somebody_else_cut_the_text(cut: str, mark: str) -> None:
    written = f"| key {LONG[:30].replace('-', mark + '-')}{cut}"
    told = Redaction([LONG])(written)
    assert told == (written if cut == " |" else f"| key {MASK}{cut}")
    assert Redaction([LONG])(f"Zq9{cut}") == f"Zq9{cut}"


def test_a_secret_in_a_very_long_text_is_found_in_any_spelling() -> None:
    filling = "%2B" * 49_998
    for spell in (str, SPELLINGS["percent-encoded thrice"], SPELLINGS["JSON throughout"]):
        told = Redaction([SECRETS[0]])(f"{filling}{spell(SECRETS[0])}{filling}")
        assert told == f"{filling}{MASK}{filling}"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("a\nb\u2028c\x85d", "a b c d"),
        ("\x1b[31mred\x07", "?[31mred?"),
        ("\u202eabc", "?abc"),
        ("Grüße 李", "Grüße 李"),
    ],
)
def test_a_strangers_text_is_one_line_that_no_terminal_obeys(said: str, told: str) -> None:
    assert one_line(said) == told
    assert one_line("x" * 50, 10) == "x" * 9 + "…"
    assert harmless("a\n\tb\x1b[2J\u202e") == "a\n\tb?[2J?"


def test_every_cut_in_the_package_is_of_a_text_without_secrets() -> None:
    """What cuts a text with a number is named here, with why it may: its text comes from no API, or is redacted."""
    cuts = {
        f"{path.relative_to(PACKAGE).as_posix()}: {ast.unparse(node)}"
        for path in PACKAGE.rglob("*.py")
        if "sandbox" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr) and re.search(r"\[:.*(…|\.\.\.)'", ast.unparse(node))
    }
    assert cuts == {
        "foundation/redaction.py: f'{text[:most - 1]}…'",
        "discovery/openapi/schema.py: f'{sentence[:_LONGEST_WORDS]}...'",
        # An alert's line has been redacted.
        "orchestration/alerts/messages.py: f'{line[:_LONGEST]}…'",
        # Of a converted file no literal is left.
        "conversion/texts.py: f'{words[:most - 3]}...'",
    }
