"""How complete a read was goes from the receipt to its failure, its file and its metadata in fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from messaging_assets.assets.metadata.receipt_metadata import plain_metadata, receipt_metadata, stored_result
from messaging_assets.description.api import ApiDescription
from messaging_assets.foundation.failures import CapReached, ReadIncomplete, SyncFailure
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.loading.kept_receipt import KeptReceipt, ReceiptFile, receipt_file
from messaging_assets.loading.passes.judgement import Unsettled, refuse_incomplete
from messaging_assets.reading.receipt import Finding, ReadResult, Receipt, Verdict


def read(*findings: Finding) -> Receipt:
    receipt = Receipt(rows_loaded=3, pages=1)
    for finding in findings:
        receipt.add(finding)
    return receipt


def test_the_reason_names_the_parents_and_ends_with_the_next_step() -> None:
    assert Finding(Verdict.UNKNOWN, "it moved", "ask the vendor").reason == "it moved; ask the vendor"
    assert Finding(Verdict.UNKNOWN, "it moved", kind="parents").reason == "parents: it moved"


def test_of_two_findings_that_are_as_bad_the_one_of_the_own_list_is_shown() -> None:
    of_parents, own = Finding(Verdict.UNKNOWN, "a", kind="parents"), Finding(Verdict.UNKNOWN, "b")
    assert read(of_parents, own).finding == read(own, of_parents).finding == own
    worse = Finding(Verdict.INCOMPLETE, "a", kind="parents")
    assert read(own, worse).finding == worse


@pytest.mark.parametrize(
    ("finding", "is_last", "kind", "sentence"),
    [
        (
            Finding(Verdict.INCOMPLETE, "maximum_pages (1) was reached", kind="cap"),
            True,
            CapReached,
            "chat.users: maximum_pages (1) was reached; raise it in the file, or take it out.",
        ),
        (
            Finding(Verdict.INCOMPLETE, "maximum_pages (1) was reached", kind="parents"),
            True,
            ReadIncomplete,
            "chat.users: parents: maximum_pages (1) was reached; run it again, and see the receipt for what came.",
        ),
        (
            Finding(Verdict.UNKNOWN, "it moved", moved=True),
            False,
            Unsettled,
            "chat.users: it moved; run it again, and see the receipt for what came.",
        ),
    ],
)
def test_a_read_that_lacks_rows_fails_by_what_its_finding_is_about(
    finding: Finding, is_last: bool, kind: type[SyncFailure], sentence: str
) -> None:
    with pytest.raises(SyncFailure) as failed:
        refuse_incomplete("chat.users", read(finding), is_last)
    assert type(failed.value) is kind
    assert str(failed.value) == sentence


def test_a_list_that_moved_is_loaded_when_no_other_pass_is_allowed() -> None:
    refuse_incomplete("chat.users", read(Finding(Verdict.UNKNOWN, "it moved", moved=True)), is_last=True)
    refuse_incomplete("chat.users", read(Finding(Verdict.PROVEN, "all came")), is_last=False)


def test_a_kept_receipt_comes_back_with_its_result(tmp_path: Path) -> None:
    finding = Finding(Verdict.READ_TO_THE_END, "the end was an empty page")
    result = ReadResult(finding, 2, 3, frozenset({"a1"}), {"size__v_text": 1})
    kept = KeptReceipt(["1.5"], result, {"messaging_assets/pages": 1}, [None, "b2"])
    file = ReceiptFile(tmp_path, "chat__users", "v1", "asked")
    file.write(kept)

    assert file.read() == kept
    assert ReceiptFile(tmp_path, "chat__users", "v2", "asked").read() is None
    assert ReceiptFile(tmp_path, "chat__users", "v2", "asked").read(of_any_version=True) == kept


def test_what_dagster_has_stored_of_a_read_is_what_the_receipt_said() -> None:
    receipt = read(Finding(Verdict.UNKNOWN, "it moved", "ask the vendor"))
    receipt.set_aside["no key"] += 2
    receipt.beside("size__v_text", 4)
    stored = stored_result(plain_metadata(receipt_metadata(receipt)))

    assert stored is not None
    assert (stored.finding.verdict, stored.finding.reason) == (Verdict.UNKNOWN, "it moved; ask the vendor")
    assert (stored.rows_set_aside, stored.rows_loaded, stored.split) == (2, 3, {"size__v_text": 4})
    assert stored_result({}) is None


@pytest.mark.parametrize("part", ["client", "endpoint"])
def test_rows_that_were_asked_for_with_another_header_are_not_taken_for_those_of_a_list(part: str) -> None:
    kept = KeptReceipt(["1.5"], ReadResult(Finding(Verdict.PROVEN, "all came"), 0, 3, frozenset(), {}), {})

    def file_of(account: str) -> ReceiptFile:
        described: dict[str, Any] = {"client": {"base_url": "https://a.example"}, "endpoint": {"path": "users"}}
        described[part]["headers"] = {"X-Account": account}
        resource = {"name": "users", "primary_key": "id", "endpoint": described["endpoint"]}
        api = ApiDescription.model_validate({"name": "chat", "client": described["client"], "resources": [resource]})
        folders = settle_environment().make()
        return receipt_file(api, api.resources_in_full["users"], None, "https://a.example", folders)

    file_of("one").write(kept)

    assert file_of("one").read(of_any_version=True) == kept
    assert file_of("two").read(of_any_version=True) is None

    # A sync of an earlier version was killed, and its append must not come twice.
    [written] = settle_environment().make().pipelines.glob("*.receipt.json")
    stored = json.loads(written.read_text())
    written.write_text(json.dumps(stored | {"asked": stored["asked"].partition("+")[0]}))
    assert file_of("one").read(of_any_version=True) == kept
