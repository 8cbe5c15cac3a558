"""What a document leaves open is said: other lists of an answer, and an address that nothing fills."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from messaging_assets.discovery.found import FoundApi
from messaging_assets.discovery.openapi.endpoints import find_in_document

USER = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
LIST = {"type": "array", "items": USER}


def found(folder: Path, schema: Any, server: str = "https://chat.example.com") -> FoundApi:
    answer = {"description": "users", "content": {"application/json": {"schema": schema}}}
    document = {
        "openapi": "3.0.0",
        "info": {"title": "chat", "version": "1"},
        "servers": [{"url": server}],
        "paths": {"/users": {"get": {"responses": {"200": answer}}}},
    }
    file = folder / "chat.json"
    file.write_text(json.dumps(document))
    return find_in_document(file, [], None, None, {})


def test_other_lists_of_an_answer_are_named(tmp_path: Path) -> None:
    [users] = found(tmp_path, {"type": "object", "properties": {"users": LIST, "channels": LIST}}).resources
    assert users.doubts == ["'users' was taken for the list, but its answer has more: 'channels'"]
    [alone] = found(tmp_path, {"type": "object", "properties": {"users": LIST, "total": {"type": "integer"}}}).resources
    assert not alone.doubts


@pytest.mark.parametrize(
    ("server", "address"),
    [
        ("https://{tenant}.example.com/v1", "https://api.example.com/v1"),
        ("https://{tenant}.example.com/{version}", "https://api.example.com"),
    ],
)
def test_an_address_that_nothing_fills_is_to_be_put_in(tmp_path: Path, server: str, address: str) -> None:
    api = found(tmp_path, LIST, server)
    assert api.client["base_url"] == address
    assert "put its address here" in api.remarks["client",]
