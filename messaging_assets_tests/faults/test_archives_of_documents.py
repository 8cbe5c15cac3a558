"""An archive of several documents, each with a list of its own: each is read, or the one that is none is named."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from messaging_assets.answers.formats.decoding import Came, decoded
from messaging_assets.assets.credentials import build_credentials
from messaging_assets.description.endpoint import Format
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.authenticators import Authenticators
from messaging_assets.http.session import ApiSession
from messaging_assets.orchestration.automation.fingerprint import Probe
from messaging_assets_tests.export_api import ExportApi, export_api, sync_export
from messaging_assets_tests.faults.one_list import OneList

ONE_PAGE = {"type": "single_page"}


@pytest.fixture
def api(open_database: None) -> Iterator[ExportApi]:
    with export_api() as server:
        yield server


def packed(*documents: Any, kind: str = "zip") -> bytes:
    """An archive of them; bytes are a file as it is."""
    files = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in documents]
    if kind == "gzip":
        return b"".join(gzip.compress(one, mtime=0) for one in files)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, one in enumerate(files):
            archive.writestr(zipfile.ZipInfo(f"day{number}.json"), one)
    return out.getvalue()


def listed(*numbers: int, **beside: Any) -> dict[str, Any]:
    """A document with these rows."""
    return {**beside, "data": [{"id": number} for number in numbers]}


@pytest.mark.parametrize("kind", ["zip", "gzip"])
@pytest.mark.parametrize("paginator", [ONE_PAGE, None], ids=str)
def test_every_document_of_an_archive_is_read(one_list: OneList, kind: str, paginator: Any) -> None:
    documents = [listed(1, 2, total=2), listed(total=0), listed(3, total=1)]
    one_list.fault(body=packed(*documents, kind=kind), content_type="application/zip")

    outcome = one_list.sync(paginator)

    assert outcome.green, outcome.sentence
    assert outcome.ids == [1, 2, 3]
    assert outcome.verdict == ("read to the end" if paginator else "unknown"), outcome.reason
    assert len(outcome.requests) == 1


@pytest.mark.parametrize("key", ["id", None])
@pytest.mark.parametrize("paginator", [ONE_PAGE, None], ids=str)
def test_rows_of_several_documents_of_one_archive_are_duplicates_as_in_one_list(
    one_list: OneList, key: str | None, paginator: Any
) -> None:
    one_list.resource = {"primary_key": key, "write_disposition": "merge"} if key else {"write_disposition": "append"}
    came = {}
    for documents in ([[{"id": 1}], [{"id": 1}], [{"id": 1}]], [listed(1), listed(1), listed(1)]):
        one_list.resource["table_name"] = f"of_{type(documents[0]).__name__}"
        one_list.fault(body=packed(*documents), content_type="application/zip", times=1)
        selector = "data" if isinstance(documents[0], dict) else "$"
        outcome = one_list.outcome(paginator, data_selector=selector)
        assert outcome.green, outcome.sentence
        came[selector] = {name: outcome.receipt.get(name) for name in ("verdict", "duplicates", "rows_read")}

    assert came["data"] == came["$"]
    assert came["data"]["rows_read"] == 3


def test_an_archive_that_comes_again_behind_its_own_link_is_red(one_list: OneList) -> None:
    addresses = (f"{one_list.sandbox.url}/{one_list.api}/v1/messages?at={number}" for number in range(9))
    one_list.fault(rewrite=lambda payload, request: packed(listed(1), listed(2, next=next(addresses, None))))

    outcome = one_list.outcome(None)

    assert "repeats rows of an earlier page" in outcome.sentence
    assert len(outcome.requests) == 2


def test_of_archives_behind_one_another_the_name_of_the_last_says_nothing(one_list: OneList) -> None:
    link = f"{one_list.sandbox.url}/{one_list.api}/v1/messages?at=2"
    for documents in ([listed(1), listed(2, next=link)], [listed(3), listed(4, next=None)]):
        one_list.fault(body=packed(*documents), headers={"ETag": '"one"'}, times=1)

    outcome = one_list.sync(None, conditional=True)

    assert (outcome.ids, outcome.verdict) == ([1, 2, 3, 4], "read to the end")
    assert "validator" not in outcome.receipt


@pytest.mark.parametrize("paginator", [ONE_PAGE, {**ONE_PAGE, "maximum_empty_pages": 2, "maximum_pages": 3}], ids=str)
def test_no_limit_of_pages_ends_an_archive(one_list: OneList, paginator: Any) -> None:
    one_list.fault(body=packed(*[listed()] * 101, listed(7)), content_type="application/zip")

    outcome = one_list.sync(paginator)

    assert outcome.green, outcome.sentence
    assert (outcome.ids, outcome.verdict) == ([7], "read to the end")


def test_the_files_of_a_job_may_be_archives_of_documents(api: ExportApi) -> None:
    api.files, archive = 2, packed(listed(1, 2), listed(3))
    api.answers = lambda method, path: (
        (200, archive if path.endswith("/0") else packed(listed(4)), {}) if path[-2:] in ("/0", "/1") else None
    )

    one = sync_export(api.url, job={"rows_total_path": None}, endpoint={"format": "json", "data_selector": "data"})

    assert one["green"], one["error"]
    assert one["rows"] == [1, 2, 3, 4]
    assert one["jobs"] == {"begun": 1}


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (b"read me first", r"answered 200 with .*, in file 2 of the archive \(day1.json\) \(members in format names"),
        ([{"id": 2}], r"file 2 of the archive \(day1.json\) is no object, as others are"),
        (
            {"rows": []},
            r"selector 'data' finds nothing .* on page 2 .*file 2 of the archive \(day1.json\) has the keys rows",
        ),
        ({"data": [], "error": "shard 2 failed"}, "an empty list beside 'error' came on page 2"),
    ],
    ids=["no JSON", "a list", "no list", "an error"],
)
def test_a_file_that_is_no_such_document_is_named(one_list: OneList, other: Any, said: str) -> None:
    one_list.fault(body=packed(listed(1), other, listed(3)), content_type="application/zip")

    outcome = one_list.sync(ONE_PAGE)

    assert not outcome.green
    assert outcome.table == []
    assert re.search(said, outcome.sentence), outcome.sentence


@pytest.mark.parametrize(
    ("documents", "words", "verdict"),
    [
        ([listed(1, has_more=True), listed(2)], {}, "unknown"),
        ([listed(1, next="/v1/messages?page=2"), listed(2)], {}, "unknown"),
        ([listed(1, more=True), listed(2, more=False)], {"has_more_path": "more"}, "unknown"),
        ([listed(1, more=False, next="x"), listed(2, more=False)], {"has_more_path": "more"}, "read to the end"),
        ([listed(1, total=9), listed(2, total=1)], {}, "unknown"),
        ([listed(1, n=1), listed(2, 3, n=2)], {"rows_total_path": "n"}, "read to the end"),
        ([listed(1, n=3), listed(2, 3, n=3)], {"rows_total_path": "n"}, "read to the end"),
        ([listed(1, n=3), listed(2, n=1)], {"rows_total_path": "n"}, "incomplete"),
        ([listed(1, error="half of it"), listed(2)], {}, "unknown"),
    ],
    ids=str,
)
def test_what_each_document_says_of_its_list_is_heard(
    one_list: OneList, documents: list[Any], words: dict[str, Any], verdict: str
) -> None:
    one_list.fault(body=packed(*documents), content_type="application/zip")

    outcome = one_list.sync({**ONE_PAGE, **words})

    assert outcome.verdict == verdict, (outcome.sentence, outcome.reason)
    assert outcome.green == (verdict != "incomplete")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (b"read me first", "answered 200 with .*, in file 2 of the archive"),
        ([2], "file 2 of the archive is no object"),
    ],
    ids=["no JSON", "a list"],
)
def test_a_member_of_a_gzip_file_that_is_no_document_is_named(one_list: OneList, other: Any, said: str) -> None:
    one_list.fault(body=packed(listed(1), other, listed(3), kind="gzip"))

    outcome = one_list.sync(ONE_PAGE)

    assert outcome.table == []
    assert re.search(said, outcome.sentence), outcome.sentence


def test_a_text_over_several_members_of_a_gzip_file_that_is_broken_is_no_archive(one_list: OneList) -> None:
    one_list.fault(body=packed(b'{"data": [{"id"', b': 1}, {"id', b'": 2}', kind="gzip"))

    assert "file" not in one_list.sync(ONE_PAGE).sentence.partition("answered 200 with")[2].partition(";")[0]


@pytest.mark.parametrize("kind", ["zip", "gzip"])
def test_an_archive_is_opened_a_few_times_however_many_documents_it_has(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, unpacked = list[Any](), list[int]()
    real, plain = zipfile.ZipFile, zlib.decompressobj

    class Counted:
        def __init__(self, bits: int) -> None:
            self.inner = plain(bits)

        def decompress(self, piece: bytes, *most: int) -> bytes:
            unpacked.append(len(piece))
            return self.inner.decompress(piece, *most)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

    body = packed(*[listed(number, text="x" * 99) for number in range(2_000)], kind=kind)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *given: opened.append(given) or real(*given))
    if kind == "gzip":
        monkeypatch.setattr(zlib, "decompressobj", Counted)

    documents = decoded(Came(body, "application/json", True), Format(type="json"), "data", 1_000_000)

    assert len(documents) == 2_000
    assert len(opened) == (2 if kind == "zip" else 0)
    assert max(unpacked, default=0) <= 1 << 16


def test_an_error_that_the_file_declares_is_found_in_every_document(one_list: OneList) -> None:
    one_list.fault(body=packed(listed(1, code="ok"), listed(2, code="late")), content_type="application/zip")

    outcome = one_list.sync(ONE_PAGE, error_in_body={"path": "code", "unless": "ok"})

    assert "answered 200 with an error at 'code'" in outcome.sentence


def test_an_archive_of_documents_is_no_page_of_a_numbered_list(one_list: OneList) -> None:
    one_list.fault(body=packed(listed(1), listed(2)), content_type="application/zip")

    outcome = one_list.sync({"type": "page_number"})

    assert "an archive of several documents, which is no page of page_number" in outcome.sentence


def test_documents_of_one_answer_are_left_as_they_are_where_the_api_says_so(one_list: OneList) -> None:
    archive = packed(listed(1), listed(2))
    one_list.fault(body=archive, content_type="application/zip", headers={"ETag": '"one"'})
    assert one_list.sync(ONE_PAGE, conditional=True).ids == [1, 2]

    again = one_list.sync(ONE_PAGE, conditional=True)

    assert [request.headers.get("if-none-match") for request in again.requests] == ['"one"']


def test_the_sensor_looks_at_every_document(one_list: OneList) -> None:
    seen = []
    for documents in ([listed(1), listed(2)], [listed(1), listed(3)], [listed(1), listed(3)]):
        one_list.fault(body=packed(*documents), content_type="application/zip", times=1)
        description = one_list.describe(ONE_PAGE)
        with ApiSession(one_list.sandbox.url, description.client) as session, Redaction().on_loggers():
            base = f"{one_list.sandbox.url}/{one_list.api}/v1"
            resource = description.resources_in_full[one_list.name]
            auth = Authenticators(description, build_credentials(description, one_list.secrets), Redaction()).of(
                resource
            )
            seen.append(Probe(description, resource, session, auth, base, {}).fingerprint())

    assert seen[0] != seen[1] == seen[2]
