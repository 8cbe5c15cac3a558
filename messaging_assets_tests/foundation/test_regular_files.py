"""Files that somebody named: only regular ones, and only up to a size, are API files or documents."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from messaging_assets.cli.written.discover import command
from messaging_assets.discovery.openapi.document import read_document
from messaging_assets.discovery.openapi.references import UnusableDocument
from messaging_assets.files.api_files import read_file, read_folders
from messaging_assets.files.rules.mistakes import InvalidDescription
from messaging_assets.foundation.regular_files import LARGEST_API_FILE, LARGEST_DOCUMENT

GOOD = "client: {base_url: https://api.example.com}\nresources: [users]\n"


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(max(LARGEST_API_FILE, LARGEST_DOCUMENT) + 1)


STRANGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "pipe": (pipe, "it is no regular file"),
    "device": (endless, "it is no regular file"),
    "folder": (Path.mkdir, "Is a directory"),
    "large": (large, "it has more than"),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_regular_file_is_no_api_file(tmp_path: Path, kind: str) -> None:
    make, why = STRANGE[kind]
    make(tmp_path / "strange.yaml")
    (tmp_path / "good.yaml").write_text(GOOD)
    with pytest.raises(InvalidDescription, match=why):
        read_file(tmp_path / "strange.yaml")
    found = read_folders([tmp_path])
    assert [one.name for one in found.descriptions] == ["good"]
    assert list(found.broken) == ["strange"]


@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_regular_file_is_no_api_document(tmp_path: Path, kind: str) -> None:
    make, why = STRANGE[kind]
    make(tmp_path / "strange.json")
    with pytest.raises(UnusableDocument, match=why):
        read_document(tmp_path / "strange.json")


def test_a_link_to_a_regular_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text(GOOD)
    (tmp_path / "chat.yaml").symlink_to("kept")
    assert read_file(tmp_path / "chat.yaml").name == "chat"


def reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


ROW: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "string"}}}
CHAIN = {f"A{one}": {"allOf": [reference(f"A{one + 1}")] * 2} for one in range(25)} | {"A25": ROW}
SCHEMAS: dict[str, dict[str, Any]] = {
    "twice itself": {"A0": {"allOf": [reference("A0"), reference("A0"), ROW]}},
    "one of its kind": {"A0": {"oneOf": [reference("A1"), reference("A1"), ROW]}, "A1": {"oneOf": [ROW, ROW]}},
    "a circle": {"A0": {"allOf": [reference("A1"), ROW]}, "A1": reference("A0")},
    "doubled 25 times": CHAIN,
    "alternatives doubled": json.loads(json.dumps(CHAIN).replace("allOf", "anyOf")),
    "a property of itself": {
        "A0": {"type": "object", "properties": {**ROW["properties"], **{f"p{n}": reference("A0") for n in range(30)}}}
    },
}


def document(schemas: dict[str, Any], **more: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "array", "items": reference("A0")}}}
    paths = {"/rows": {"get": {"responses": {"200": {"content": content}}}}}
    servers = [{"url": "https://api.example.com"}]
    return {"openapi": "3.0.0", "servers": servers, "paths": paths, "components": {"schemas": schemas}, **more}


def discovered(tmp_path: Path, text: str) -> tuple[int, str]:
    (tmp_path / "api.yaml").write_text(text)
    done = CliRunner().invoke(command, ["--openapi", str(tmp_path / "api.yaml"), "-o", str(tmp_path / "out.yaml")])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return done.exit_code, done.output


@pytest.mark.parametrize("kind", SCHEMAS)
def test_references_that_multiply_come_to_an_end(tmp_path: Path, kind: str) -> None:
    assert discovered(tmp_path, json.dumps(document(SCHEMAS[kind])))[0] == 0
    assert "id" in read_file(tmp_path / "out.yaml").resources[0].columns


def test_references_that_unfold_to_too_much_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging_assets.discovery.openapi.references._MOST_WORDS", 50)
    status, said = discovered(tmp_path, json.dumps(document(CHAIN)))
    assert status == 1
    assert "unfold to more than 50 words" in said


YAML: dict[str, tuple[str, str]] = {
    "aliases of aliases": (
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)),
        "it holds more than 3,000,000 values",
    ),
    "an alias of itself": ("a: &a {b: *a}\n", "an alias has no anchor before it"),
    "brackets": ("a: " + "[" * 20_000 + "]" * 20_000, "it is nested more than 200 levels deep"),
    "two documents": ("a: 1\n---\nb: 2\n", "it holds more than one YAML document"),
}


@pytest.mark.parametrize("kind", YAML)
def test_a_document_that_unfolds_to_too_much_is_told_with_its_line(tmp_path: Path, kind: str) -> None:
    text, why = YAML[kind]
    status, said = discovered(tmp_path, text)
    assert status == 1
    assert why in said


@pytest.mark.parametrize(
    "words",
    [
        {"servers": {"url": 1}, "info": [], "security": 7},
        {"components": {"schemas": {"A0": {"allOf": "x", "properties": ["id"], "required": "id", "enum": {"a": 1}}}}},
        {"components": [], "servers": ["https://x"]},
        {"paths": {"/a": {"parameters": {"x": 1}, "get": {"parameters": 7, "responses": []}}, "/b": 7}},
        {"swagger": "2.0", "schemes": 7, "host": 7, "basePath": []},
    ],
)
def test_words_that_hold_something_else_than_they_may_are_left_out(tmp_path: Path, words: dict[str, Any]) -> None:
    assert discovered(tmp_path, json.dumps(document({"A0": ROW}) | words))[0] in (0, 1)


def test_tags_of_a_document_build_nothing(tmp_path: Path) -> None:
    text = f"x-made: !!python/object/apply:os.mkdir ['{tmp_path}/made']\n" + "\n".join(
        f"{key}: {json.dumps(value)}" for key, value in document({"A0": ROW}).items()
    )
    assert discovered(tmp_path, text)[0] == 0
    assert not (tmp_path / "made").exists()
