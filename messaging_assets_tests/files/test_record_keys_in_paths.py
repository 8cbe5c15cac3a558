"""The key of a record in a path is no secret; random text elsewhere in it is one."""

from __future__ import annotations

import pytest

from messaging_assets.files.api_files import InvalidDescription, describe

SHEET, RANDOM = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgVE2upms", "Zk3Qp9sLx7Vb2Nm4Rt8Yw1Hc6Jd5Fg0AB"


def described(path: str) -> None:
    describe(
        {"client": {"base_url": "https://api.example.com"}, "resources": [{"name": "m", "endpoint": path}]}, "chat"
    )


@pytest.mark.parametrize(
    "path",
    [
        f"/v4/spreadsheets/{SHEET}/values/Sheet1",
        f"/v1/documents/{SHEET}:export",
        "/v0/appXyZ1234567890a/tblAbCdEfGhIjKlMn",
        "/drive/items/01BYE5RZ6QN3ZWBTUFOFD3GSPGOHDJD36K/children",
        "/v1/databases/668d797c76fa49349b05ad288df2d136/query",
    ],
)
def test_the_key_of_a_record_is_let_through(path: str) -> None:
    described(path)


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/{RANDOM}/files",
        f"/services/T00000000/B00000000/{RANDOM}",
        f"/webhooks/1234/{RANDOM}",
        f"/keys/{RANDOM}",
        "/files/ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    ],
)
def test_random_text_and_a_vendors_token_are_refused(path: str) -> None:
    with pytest.raises(InvalidDescription, match="no secret belongs in an API file"):
        described(path)
