"""Exports that an API makes by and by: every row of every file once, one job, and no secret elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from requests.cookies import RequestsCookieJar

from messaging_assets.assets.credentials import build_credentials
from messaging_assets.description.api import ApiDescription
from messaging_assets.discovery.first_pages import Reader
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.preparation import Preparation
from messaging_assets.http.session import ApiSession
from messaging_assets.reading.jobs.asking import JobRequests
from messaging_assets.reading.jobs.jobs import Jobs
from messaging_assets_tests.export_api import SECRET, SIGNED, ExportApi, export_api, exported, sync_export
from messaging_assets_tests.faults import one_list

EVERY = list(range(7))


@pytest.fixture
def api(open_database: None) -> Iterator[ExportApi]:
    with export_api() as server:
        yield server


def test_a_job_is_begun_waited_for_read_and_deleted(api: ExportApi) -> None:
    one = sync_export(api.url, endpoint={"total": "exact"})

    assert one["green"], one["error"]
    assert one["rows"] == EVERY
    assert one["verdict"] == "proven"
    assert one["jobs"] == {"begun": 1}
    assert one["rows_api_says"] == 7
    assert [method for method, _ in api.asked] == ["POST", "GET", "GET", "GET", "GET", "DELETE"]
    assert api.jobs == {}


@pytest.mark.sampled
@pytest.mark.parametrize("is_led", [False, True], ids=["named by the job", "behind a redirect"])
def test_files_in_a_store_elsewhere_come_without_a_secret(api: ExportApi, is_led: bool) -> None:
    with export_api() as store:
        api.store = store.url
        store.store, api.files = store.url, 3
        store.answers = lambda method, path: api.answer(method, path, {}, None, None)
        described: dict[str, Any] = {}
        if is_led:
            api.store = None
            api.answers = lambda method, path: (
                (302, None, {"Location": f"{store.url}{path}?signed"}) if path.endswith(("/0", "/1", "/2")) else None
            )
            store.answers = lambda method, path: (200, b'{"id": %s}\n' % path[-1].encode(), {})
            described = {"endpoint": {"total": "ignore"}}

        one = sync_export(api.url, **described)

        assert one["green"], one["error"]
        assert one["rows"] == ([0, 1, 2] if is_led else EVERY)
        assert one["how_it_ended"] == {"the job is done, and all of its 3 files came": 1}
        assert len(store.asked) == 3
        assert store.strange == []


BY_PAGES: dict[str, Any] = {
    "job": {"download": "/exports/{job.id}/rows", "paginator": {"type": "offset", "limit": 3, "total_path": None}},
    "endpoint": {"format": None, "data_selector": "rows", "params": {"dry": "no"}},
}


def test_a_search_that_runs_as_a_job_is_read_by_pages(api: ExportApi) -> None:
    one = sync_export(api.url, **BY_PAGES)

    assert one["green"], one["error"]
    assert (one["rows"], one["rows_api_says"], one["jobs"]) == (EVERY, 7, {"begun": 1})
    assert api.bodies == [{"kind": "messages"}]
    assert api.count("GET", "/exports/job1/rows") >= 3
    assert api.jobs == {}


def test_fewer_rows_by_pages_than_the_job_says_are_red(api: ExportApi) -> None:
    api.answers = lambda method, path: (200, {"rows": []}, {}) if path.endswith("/rows") else None

    one = sync_export(api.url, **BY_PAGES)

    assert not one["green"]
    assert "the API says it has 7 rows, 0 different ones came" in one["error"]
    assert one["rows"] == []


@pytest.mark.parametrize(
    ("status", "end"), [(410, ""), (404, "; if this is how the API says that no page is left, declare 404")]
)
def test_a_job_that_is_gone_between_two_pages_is_begun_anew_by_the_next_sync(
    api: ExportApi, status: int, end: str
) -> None:
    def answers(method: str, path: str) -> Any:
        is_later = path.endswith("/rows") and api.asked.count(("GET", path)) == 3
        return (status, {}, {}) if is_later else None

    api.answers = answers
    one = sync_export(api.url, **BY_PAGES)
    api.answers = lambda method, path: None
    other = sync_export(api.url, **BY_PAGES)

    words = "the job, or a file of it, is gone upstream before all of its rows were read; run it again, which begins a"
    assert (one["green"], one["kind"]) == (False, "TryAgainLater")
    assert words in one["error"]
    assert f"a new one{end}" in one["error"]
    assert (other["green"], other["rows"], other["jobs"]) == (True, EVERY, {"begun": 1})


def test_a_further_page_that_never_came_begins_no_job_after_the_other(api: ExportApi) -> None:
    def answers(method: str, path: str) -> Any:
        is_later = path.endswith("/rows") and api.asked.count(("GET", path)) > 1
        return (404, {}, {}) if is_later else None

    api.answers = answers
    one = sync_export(api.url, **BY_PAGES)
    begun = api.asked.count(("POST", "/exports"))
    api.answers = lambda method, path: None
    other = sync_export(api.url, **BY_PAGES)

    assert (one["green"], one["kind"], begun) == (False, "MendDescription", 1)
    assert "if the job is gone upstream, run it again" in one["error"]
    assert (other["green"], other["rows"]) == (True, EVERY)


def test_pages_of_a_job_whose_list_is_over_are_not_kept(api: ExportApi, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = list[int]()
    begin = Jobs._next_file

    def counted(self: Jobs, *arguments: Any) -> Any:
        kept.append(len(self._begun))
        return begin(self, *arguments)

    monkeypatch.setattr(Jobs, "_next_file", counted)
    endpoint = {**BY_PAGES["endpoint"], "json": {"kind": "{for_each.kind}"}}
    one = sync_export(
        api.url, job=BY_PAGES["job"], endpoint=endpoint, for_each={"kind": ["a", "b", "c"]}, primary_key=["id", "_kind"]
    )

    assert one["green"], one["error"]
    assert kept == [1, 1, 1]


def test_a_job_with_several_files_has_no_pages(api: ExportApi) -> None:
    api.files = 2
    one = sync_export(api.url, job={**BY_PAGES["job"], "download": "{job.urls[*]}"}, endpoint=BY_PAGES["endpoint"])

    assert not one["green"]
    assert "job.paginator is of one download, and the job has 2 files; take it out" in one["error"]


def test_fewer_rows_than_the_job_says_are_red(api: ExportApi) -> None:
    api.answers = lambda method, path: (200, b'{"id": 1}\n', {}) if path.endswith("/0") else None

    one = sync_export(api.url)

    assert not one["green"]
    assert "the API says it has 7 rows, 1 different ones came" in one["error"]
    assert one["rows"] == []
    # What came may have been cut off, so another job was begun.
    assert api.count("POST", "/exports") == 2


def test_a_job_that_says_no_number_is_read_to_the_end(api: ExportApi) -> None:
    one = sync_export(api.url, job={"rows_total_path": None, "delete": None})

    assert one["verdict"] == "read to the end"
    assert "the job is done" in one["verdict_reason"]
    assert list(api.jobs) == ["job1"]


def test_a_job_without_rows_is_an_empty_list(api: ExportApi) -> None:
    api.rows = []
    for files in (1, 0):
        api.files = files

        one = sync_export(api.url, write_disposition="replace")

        assert one["green"], one["error"]
        assert one["rows"] == []


@pytest.mark.parametrize("urls", [["{0}", None], [{"at": "{0}"}], None])
def test_a_file_without_an_address_is_red(api: ExportApi, urls: Any) -> None:
    there = json.loads(json.dumps(urls).replace("{0}", f"{api.url}/exports/job1/0"))
    api.answers = lambda method, path: (
        (200, {"id": "job1", "status": "done", "urls": there}, {}) if (method, path[-1]) == ("GET", "1") else None
    )

    one = sync_export(api.url, job={"rows_total_path": None})

    assert not one["green"]
    assert "not all is where job.download looks for its files" in one["error"]


def test_a_job_that_has_no_status_yet_goes_on(api: ExportApi) -> None:
    states: Iterator[Any] = iter([(200, {"id": "job1", "status": None}, {})])
    api.answers = lambda method, path: next(states, None) if (method, path) == ("GET", "/exports/job1") else None

    assert sync_export(api.url)["rows"] == EVERY


@pytest.mark.sampled
@pytest.mark.parametrize(("file", "rows"), [((200, b'{"id": 5}\n{"id": 6}\n', {}), [5, 6]), ((204, None, {}), [])])
def test_the_answer_that_says_that_it_is_done_may_be_the_file(api: ExportApi, file: Any, rows: list[int]) -> None:
    bare: dict[str, Any] = dict.fromkeys(("status_path", "done", "failed", "download", "rows_total_path", "delete"))
    states: Iterator[Any] = iter([(202, None, {})])
    api.answers = lambda method, path: next(states, file) if (method, path) == ("GET", "/exports/job1") else None

    one = sync_export(api.url, job=bare)

    assert one["green"], one["error"]
    assert one["rows"] == rows


@pytest.mark.sampled
@pytest.mark.parametrize("following", [None, "/exports/job1/0?part=2"])
def test_a_last_file_that_names_a_further_one_is_in_doubt(api: ExportApi, following: str | None) -> None:
    file = {"data": [{"id": 1}], "next": following}
    api.answers = lambda method, path: (200, file, {}) if path.endswith("/0") else None
    endpoint = {"format": {"type": "json"}, "data_selector": "data"}

    one = sync_export(api.url, job={"rows_total_path": None}, endpoint=endpoint)

    assert one["green"], one["error"]
    assert one["verdict"] == ("unknown" if following else "read to the end")


@pytest.mark.sampled
@pytest.mark.parametrize("status", [200, 204])
def test_a_file_of_no_line_is_an_empty_one(api: ExportApi, status: int) -> None:
    api.files = 3
    api.answers = lambda method, path: (status, None, {}) if path.endswith("/1") else None

    one = sync_export(api.url, job={"rows_total_path": None})

    assert one["green"], one["error"]
    assert one["rows"] == [0, 2, 3, 5, 6]


@pytest.mark.parametrize(("seconds", "is_known"), [(3600.0, True), (0.0, False)], ids=["new", "not so new"])
def test_a_job_that_is_new_may_be_unknown_for_a_moment(
    api: ExportApi, monkeypatch: pytest.MonkeyPatch, seconds: float, is_known: bool
) -> None:
    monkeypatch.setattr("messaging_assets.reading.jobs.waiting._SECONDS_FOR_NEW", seconds)
    monkeypatch.setattr(ApiSession, "pause", lambda self, seconds: None)
    states: Iterator[Any] = iter([(404, None, {})] * 5)
    api.answers = lambda method, path: next(states, None) if (method, path) == ("GET", "/exports/job1") else None

    one = sync_export(api.url)

    assert one["green"] == is_known
    if not is_known:
        assert "the API does not know the job that it began" in one["error"]


def test_a_failed_job_is_red_and_the_next_sync_begins_another(api: ExportApi) -> None:
    api.answers = lambda method, path: (200, {"id": "job1", "status": "failed"}, {}) if path.endswith("job1") else None

    one = sync_export(api.url)

    assert one["error"].startswith(
        "exporting.messages: the job failed upstream, as its answer says at 'status'; look it up with the vendor"
    )
    assert one["kind"] == "TryAgainLater"
    assert sync_export(api.url)["rows"] == EVERY
    assert api.count("POST", "/exports") == 2


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"error": "quota of exports used up"}, "says at 'error' that it failed"),
        ({"status": "failed", "id": None}, "says at 'status' that it failed"),
        ({"status": "gave up"}, "says at 'status' that it failed"),
        ({"status": "queued"}, "has not one value where job.poll takes it from"),
    ],
    ids=str,
)
def test_a_job_that_is_refused_inside_a_200_is_red_and_says_so(
    api: ExportApi, said: dict[str, Any], words: str
) -> None:
    api.answers = lambda method, path: (200, said, {}) if method == "POST" else None

    one = sync_export(api.url, job={"failed": ["failed", "gave up"]})

    assert one["error"].startswith(f"exporting.messages: the answer that began the job {words}")


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("said", "doubt"),
    [
        ({"truncated": True}, "'truncated' says that there is more"),
        ({"error": "3 shards failed"}, "says at 'error' that something failed"),
        ({"rowCount": 30}, "says at 'rowCount' that there are 30 rows, and 7 came"),
        ({"next": "/exports/job1?page=2"}, "'next' names a next page"),
        ({"truncated": False, "error": None, "errors": [], "rowCount": 7, "total_size": 5_000, "pages": 3}, None),
    ],
    ids=str,
)
def test_what_a_job_that_is_done_says_of_missing_rows_is_a_doubt(
    api: ExportApi, said: dict[str, Any], doubt: str | None
) -> None:
    done = {"id": "job1", "status": "done", "urls": [f"{api.url}/exports/job1/0"], **said}
    api.answers = lambda method, path: (200, done, {}) if (method, path) == ("GET", "/exports/job1") else None

    one = sync_export(api.url, job={"rows_total_path": None})

    assert one["green"], one["error"]
    assert one["verdict"] == ("unknown" if doubt else "read to the end")
    assert (doubt or "the job is done") in one["verdict_reason"]


@pytest.mark.parametrize(
    ("said", "path", "verdict"),
    [
        ({"truncated": True, "error": "none of yours"}, None, "read to the end"),
        ({"cut": "true"}, "cut", "incomplete"),
        ({"cut": False, "truncated": True}, "cut", "read to the end"),
        ({}, "cut", "read to the end"),
    ],
    ids=str,
)
def test_a_file_says_where_a_job_tells_of_rows_that_are_left_out_or_that_no_sign_is_one(
    api: ExportApi, said: dict[str, Any], path: str | None, verdict: str
) -> None:
    done = {"id": "job1", "status": "done", "urls": [f"{api.url}/exports/job1/0"], **said}
    api.answers = lambda method, path: (200, done, {}) if (method, path) == ("GET", "/exports/job1") else None

    one = sync_export(api.url, job={"rows_total_path": None, "has_more_path": path})

    assert one["green"] == (verdict != "incomplete")
    assert one["verdict"] == verdict
    assert one["green"] or "at 'cut' that rows are left out; ask for less in one job" in one["error"]


@pytest.mark.parametrize("counted", [None, "rows"])
def test_a_job_that_failed_and_has_no_file_is_no_empty_list(api: ExportApi, counted: str | None) -> None:
    done = {"id": "job1", "status": "done", "urls": [], "rows": 0, "error": "3 shards failed"}
    api.answers = lambda method, path: (200, done, {}) if (method, path) == ("GET", "/exports/job1") else None

    one = sync_export(api.url, job={"rows_total_path": counted})

    assert one["green"] == (counted is not None)
    assert "says at 'error' that something failed" in (one["verdict_reason"] if counted else one["error"])


def test_a_job_that_never_ends_is_red_and_not_begun_again(api: ExportApi) -> None:
    api.looks = 1_000_000

    one = sync_export(api.url, job={"timeout": 0.2})

    assert "the job was not done after job.timeout (0.2 s)" in one["error"]
    assert "which have not the value that came last (running)" in one["error"]
    assert one["kind"] == "CapReached"
    assert api.count("POST", "/exports") == 1


def test_a_wait_that_the_api_asks_for_is_kept_to_within_the_time_limit(api: ExportApi) -> None:
    api.answers = lambda method, path: (
        (200, {"id": "job1", "status": "running"}, {"Retry-After": "900"}) if path == "/exports/job1" else None
    )

    one = sync_export(api.url, job={"timeout": 600})

    assert "job.timeout (600 s)" in one["error"]
    assert api.count("GET", "/exports/job1") == 1


def test_a_short_wait_that_the_api_asks_for_is_waited(api: ExportApi) -> None:
    api.looks = 0
    api.answers = lambda method, path: (202, {"id": "job1"}, {"Retry-After": "1"}) if method == "POST" else None
    api.jobs["job1"] = [0, -1]

    one = sync_export(api.url)

    assert one["green"], one["error"]
    assert 0.5 < one["waited_seconds"] <= 1.1


@pytest.mark.sampled
@pytest.mark.parametrize("nothing", [None, {}, []], ids=["no body", "an empty object", "an empty list"])
def test_a_status_alone_and_the_location_header_tell_where_the_job_is(api: ExportApi, nothing: Any) -> None:
    states: Iterator[Any] = iter([(202, nothing, {}), (200, {"state": "ready"}, {})])

    def answers(method: str, path: str) -> object:
        if method == "POST":
            return 202, nothing, {"Location": "/jobs/1"}
        return next(states, (200, b'{"id": 5}', {})) if path == "/jobs/1" else None

    api.answers = answers
    bare: dict[str, Any] = dict.fromkeys(
        ("poll", "status_path", "done", "failed", "download", "rows_total_path", "delete")
    )

    one = sync_export(api.url, job={**bare, "delete": None})

    assert one["green"], one["error"]
    assert one["rows"] == [5]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("header", "poll"),
    [("/exports/job1", "{header.Operation-Location}"), ("job1", "/exports/{header.operation-location}")],
    ids=["an address", "an id"],
)
def test_any_header_may_name_the_job_and_each_of_its_files(api: ExportApi, header: str, poll: str) -> None:
    api.jobs["job1"] = [0, -1]
    done = {"status": "done", "rows": 7}

    def answers(method: str, path: str) -> object:
        if method == "POST":
            return 202, None, {"Operation-Location": header}
        is_look = (method, path) == ("GET", "/exports/job1")
        return (200, done, {"X-File": "/exports/job1/0"}) if is_look else None

    api.answers = answers
    words = {"poll": poll, "download": "{header.X-File}", "delete": None}

    one = sync_export(api.url, job=words)

    assert one["green"], one["error"]
    assert one["rows"] == EVERY


def test_a_header_that_is_not_there_is_told_with_the_word_that_takes_it(api: ExportApi) -> None:
    one = sync_export(api.url, job={"poll": "/exports/{header.X-Job}"})

    assert "has not one value where job.poll takes it from ('/exports/{header.X-Job}')" in one["error"]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("status", "begun"), [(500, 1), (503, 2), (429, 2)], ids=["may have begun it", "was too busy", "had no budget"]
)
def test_the_request_that_begins_a_job_is_sent_again_only_where_it_was_not_taken(
    api: ExportApi, status: int, begun: int
) -> None:
    refused: Iterator[Any] = iter([(status, None, {})])
    api.answers = lambda method, path: next(refused, None) if method == "POST" else None

    one = sync_export(api.url)

    assert api.count("POST", "/exports") == begun
    assert one["green"] is (begun == 2)
    if not one["green"]:
        assert "it is not known whether the job was begun" in one["error"]
        assert "job.idempotency_header" in one["error"]
        assert one["kind"] == "MendDescription"


def test_with_a_key_it_is_sent_again_and_begins_no_second_job(api: ExportApi) -> None:
    lost = iter([True])

    def answers(method: str, path: str) -> object:
        if method == "POST" and next(lost, False):
            api.jobs["lost"] = [0, -1]
            return 500, None, {}
        return None

    api.answers = answers

    one = sync_export(api.url, job={"idempotency_header": "Idempotency-Key"})

    assert one["green"], one["error"]
    assert len({key for key in api.keys if key}) == 1


def test_an_address_of_a_file_that_expired_is_asked_for_anew(api: ExportApi) -> None:
    with export_api() as store:
        store.store = api.store = store.url
        expired: Iterator[Any] = iter([(403, None, {})])
        store.answers = lambda method, path: next(expired, None) or api.answer(method, path, {}, None, None)
        api.answers = lambda method, path: (
            (
                200,
                {"id": "job1", "status": "done", "rows": 7, "urls": [f"{store.url}/exports/job1/0?{len(api.asked)}"]},
                {},
            )
            if path == "/exports/job1" and method == "GET"
            else None
        )

        one = sync_export(api.url)

        assert one["green"], one["error"]
        assert one["rows"] == EVERY
        assert api.count("POST", "/exports") == 1


def test_an_address_that_is_not_encrypted_is_not_asked_where_the_api_is() -> None:
    reading: Any = SimpleNamespace(asset="exporting.messages")
    base = "https://api.example.com"
    session: Any = SimpleNamespace(preparation=Preparation(base, {}, RequestsCookieJar()))
    asked = JobRequests(session, base)

    with pytest.raises(MendDescription, match="which is not encrypted; ask the vendor for an https address"):
        asked._asked_for("http://10.0.0.1/latest", reading, None)  # type: ignore[arg-type]


def test_the_windows_of_a_range_are_a_job_each(api: ExportApi) -> None:
    api.rows = [{"id": day, "at": f"2025-01-0{day}T12:00:00Z"} for day in range(1, 4)]
    seen: list[tuple[str, str]] = []

    def answers(method: str, path: str) -> object:
        if path.endswith("/0"):
            body = api.bodies[int(path.split("/")[2].removeprefix("job")) - 1]
            seen.append((body["from"], body["to"]))
            rows = [row for row in api.rows if body["from"] <= str(row["at"]) < body["to"]]
            return 200, b"".join(json.dumps(row).encode() + b"\n" for row in rows), {}
        return None

    api.answers = answers
    one = sync_export(
        api.url,
        job={"rows_total_path": None},
        endpoint={
            "json": {"from": "{incremental.start_value}", "to": "{incremental.end_value}"},
            "incremental": {
                "cursor_path": "at",
                "initial_value": "2025-01-01T00:00:00Z",
                "end_value": "2025-01-04T00:00:00Z",
                "step": "P1D",
            },
        },
    )

    assert one["green"], one["error"]
    assert one["rows"] == [1, 2, 3]
    assert one["windows"] == len(seen) == 3
    assert one["jobs"] == {"begun": 3}
    assert api.jobs == {}


def test_each_value_of_the_file_has_a_job_of_its_own(api: ExportApi) -> None:
    one = sync_export(
        api.url,
        for_each={"kind": ["a", "b"]},
        endpoint={"json": {"kind": "{for_each.kind}"}},
        primary_key=["id", "_kind"],
    )

    assert one["green"], one["error"]
    assert one["rows"] == sorted(EVERY * 2)
    assert [body["kind"] for body in api.bodies] == ["a", "b"]


OF_SITES: dict[str, Any] = {
    "for_each": {"site": ["a b", "c"]},
    "endpoint": {"json": {"kind": "{for_each.site}"}},
    "primary_key": ["id", "_site"],
    "job": {
        "poll": "/exports/{job.id}/of/{for_each.site}",
        "download": "/exports/{job.id}/0/{for_each.site}",
        "delete": "/exports/{job.id}/of/{for_each.site}",
    },
}


def test_the_addresses_of_a_job_name_what_its_list_is_of(api: ExportApi) -> None:
    one = sync_export(api.url, **OF_SITES)

    assert one["green"], one["error"]
    assert one["rows"] == sorted(EVERY * 2)
    assert {path for method, path in api.asked if method != "POST"} == {
        f"/exports/{job}/{what}/{site}" for job, site in (("job1", "a%20b"), ("job2", "c")) for what in ("of", "0")
    }
    assert api.jobs == {}
    assert not any("messaging-assets" in name.lower() for sent in api.headers for name in sent)


def test_the_addresses_of_a_job_name_fields_of_the_parents_record(api: ExportApi) -> None:
    job = {"poll": "/exports/{job.id}/of/{resources.sites.id}", "download": "/exports/{job.id}/0", "delete": None}
    described = exported(api.url, job=job, primary_key=["id", "_sites_id"], include_from_parent=["id"])
    api.answers = lambda method, path: (200, [{"id": 5}, {"id": 6}], {}) if path == "/sites" else None
    sites = {"name": "sites", "selected": False, "endpoint": {"path": "/sites", "paginator": "single_page"}}
    raw = {**described.model_dump(exclude_unset=True, by_alias=True), "name": "exporting"}
    raw["resources"] = [sites, *raw["resources"]]

    whole = ApiDescription.model_validate(raw)

    assert list(one_list.synced(whole, "messages", {"token": SECRET}))
    polled = {path for method, path in api.asked if method == "GET" and "/of/" in path}
    assert polled == {"/exports/job1/of/5", "/exports/job2/of/6"}


@pytest.mark.parametrize("value", ["", ".."])
def test_a_value_that_would_lead_a_jobs_address_elsewhere_is_red(api: ExportApi, value: str) -> None:
    one = sync_export(api.url, **{**OF_SITES, "for_each": {"site": [value]}})

    assert not one["green"]
    assert "has not one value where job.poll takes it from" in one["error"]


def test_lists_that_a_header_tells_apart_have_a_job_each_and_are_asked_about_with_it(api: ExportApi) -> None:
    one = sync_export(
        api.url,
        for_each={"kind": ["a", "b"]},
        endpoint={"headers": {"X-Kind": "{for_each.kind}"}},
        primary_key=["id", "_kind"],
    )

    assert one["green"], one["error"]
    assert one["rows"] == sorted(EVERY * 2)
    assert one["jobs"] == {"begun": 2}
    reads = [sent for (method, _), sent in zip(api.asked, api.headers, strict=True) if method != "DELETE"]
    assert [sent["X-Kind"] for sent in reads] == ["a"] * 5 + ["b"] * 5
    # So do those of the client.
    assert {sent["X-Client"] for sent in api.headers} == {"1"}


def test_an_append_begins_where_the_one_before_ended(api: ExportApi) -> None:
    described: dict[str, Any] = {
        "write_disposition": "append",
        "endpoint": {
            "json": {"since": "{incremental.start_value}"},
            "incremental": {"cursor_path": "id", "initial_value": -1, "range_start": "open"},
        },
        "job": {"rows_total_path": None},
    }
    sync_export(api.url, **described)
    api.rows += [{"id": 7, "text": "new"}]

    one = sync_export(api.url, **described)

    assert one["green"], one["error"]
    assert one["rows"] == list(range(8))


def test_no_answer_of_a_job_shows_the_secret_or_a_signed_address(
    api: ExportApi, caplog: pytest.LogCaptureFixture
) -> None:
    with export_api() as store:
        store.store = api.store = store.url
        store.answers = lambda method, path: (500, None, {})

        one = sync_export(api.url)

    assert f"GET {store.url} (job.download) answered 500 2 times" in one["error"]
    assert SIGNED not in str(one) + caplog.text
    assert SECRET not in str(one) + caplog.text


def test_a_look_has_a_job_of_its_own_which_is_deleted(api: ExportApi) -> None:
    description = exported(api.url)
    reader = Reader(description, build_credentials(description, {"token": SECRET}), Redaction())

    came = reader.read(description.resources_in_full["messages"], pages=2, rows=3)

    assert came.failure is None
    assert [row["id"] for row in came.rows] == [0, 1, 2]
    assert [answer.status_code for answer in came.answers] == [200]
    assert api.jobs == {}


def test_addresses_of_files_are_on_no_disk(api: ExportApi) -> None:
    api.answers = lambda method, path: (500, None, {}) if path.endswith("/0") else None

    assert not sync_export(api.url)["green"]

    [notes] = settle_environment().pipelines.glob("*.jobs.json")
    assert "job1" in notes.read_text()
    assert SIGNED not in notes.read_text()
