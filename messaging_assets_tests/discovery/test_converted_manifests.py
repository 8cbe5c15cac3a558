"""What published manifests say in ways of their own, found by comparing them with the reader that they are made for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from messaging_assets_tests.discovery.test_convert import converted, manifest, only, parent, routed

UPDATED = {"type": "DatetimeBasedCursor", "cursor_field": "updated_at", "datetime_format": "%s", "start_datetime": "0"}


def _of_parent(name: str, key: str, router: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A parent's config, of a stream that is read for a parent itself where it has a router."""
    path = f"/{name}" if router is None else f"/{{{{ stream_partition.id }}}}/{name}"
    stream = manifest({"name": name, "retriever": {"partition_router": router}}, path=path)["streams"][0]
    return {"parent_key": key, "partition_field": "id", "stream": stream, **more}


def _substream(*parents: dict[str, Any]) -> dict[str, Any]:
    return {"type": "SubstreamPartitionRouter", "parent_stream_configs": list(parents)}


def test_a_path_takes_what_the_parent_itself_was_asked_for(clean_room: Path) -> None:
    segments = _of_parent("segments", "id", _substream(_of_parent("lists", "id")))
    path = "/lists/{{ stream_slice.parent_slice.id }}/segments/{{ stream_slice.id }}"

    raw, done = converted(routed(_substream(segments), path=path), clean_room)

    read = {one["name"]: one for one in raw["resources"]}
    assert (
        read["messages"]["endpoint"]["path"] == "/lists/{resources.segments._lists_id}/segments/{resources.segments.id}"
    )
    assert read["segments"]["include_from_parent"] == ["id"]
    assert "no word says" not in done.stderr


def test_what_a_parent_was_asked_for_is_taken_under_the_name_that_the_parent_gives_it(clean_room: Path) -> None:
    segments = _of_parent("segments", "id", _substream(_of_parent("lists", "id")))
    added = {"type": "AddFields", "fields": [{"path": ["list_id"], "value": "{{ stream_slice.id }}"}]}
    segments["stream"]["transformations"] = [added]

    raw, _ = converted(routed(_substream(segments), path="/{{ stream_partition.parent_slice.id }}"), clean_room)

    paths = {one["name"]: one["endpoint"]["path"] for one in raw["resources"]}
    assert paths["messages"] == "/{resources.segments.list_id}"


@pytest.mark.parametrize("kind", ["SubstreamPartitionRouter", "UnionPartitionRouter"])
def test_parents_in_turn_are_a_union(kind: str, clean_room: Path) -> None:
    parents = [_of_parent("issues", "id"), _of_parent("notes", "id")]
    router = {"type": kind, "partition_routers": [_substream(one) for one in parents], "parent_stream_configs": parents}

    raw, _ = converted(routed(router, path="/{{ stream_partition.id }}/comments"), clean_room)

    read = {one["name"]: one for one in raw["resources"]}
    assert read["issues_or_notes"]["union"] == ["issues", "notes"]
    assert read["messages"]["endpoint"]["path"] == "/{resources.issues_or_notes.id}/comments"


def test_parents_in_turn_get_their_keys_under_one_name(clean_room: Path) -> None:
    router = _substream(_of_parent("issues", "key"), _of_parent("notes", "meta/number"))

    raw, _ = converted(routed(router, path="/{{ stream_partition.id }}"), clean_room)

    steps = {one["name"]: one.get("steps") for one in raw["resources"]}
    assert steps["issues"] == [{"copy": {"id": "key"}}]
    assert steps["notes"] == [{"copy": {"id": "meta.number"}}]


def test_an_address_of_the_parents_is_asked_on_the_apis_own_host(clean_room: Path) -> None:
    source = routed(parent("teams"), path="/")
    requester = source["streams"][-1]["retriever"]["requester"]
    requester.pop("path")
    requester.pop("url_base")
    requester["url"] = "https://api.example.com{{ stream_partition.teams_id }}"

    raw, done = converted(source, clean_room)

    assert raw["resources"][-1]["endpoint"]["path"] == "{resources.teams.id}"
    assert "another address" not in done.stderr


def _export(**more: Any) -> dict[str, Any]:
    def at(path: str, method: str = "GET") -> dict[str, Any]:
        return {"type": "HttpRequester", "url_base": "https://api.example.com/v3", "path": path, "http_method": method}

    retriever = {
        "type": "AsyncRetriever",
        "creation_requester": at("/exports", "POST"),
        "polling_requester": at("/exports/{{ creation_response['id'] }}"),
        "download_requester": {"type": "HttpRequester", "url_base": "", "path": "{{ download_target }}"},
        "delete_requester": at("/exports/{{ stream_slice['create_job_response'].json()['id'] }}", "DELETE"),
        "status_extractor": {"type": "DpathExtractor", "field_path": ["status"]},
        "download_target_extractor": {"type": "DpathExtractor", "field_path": ["urls"]},
        "status_mapping": {"running": ["pending"], "completed": ["ready"], "failed": ["failed"], "timeout": ["late"]},
        "record_selector": {"extractor": {"field_path": []}},
        "download_decoder": {"type": "GzipDecoder", "decoder": {"type": "CsvDecoder"}},
        "polling_job_timeout": 30,
        **more,
    }
    return {"version": "6.0.0", "streams": [{"name": "messages", "primary_key": "id", "retriever": retriever}]}


def test_an_export_is_a_job(clean_room: Path) -> None:
    raw, done = converted(_export(), clean_room)

    endpoint = only(raw)["endpoint"]
    assert endpoint["method"] == "POST"
    assert endpoint["format"] == "csv"
    assert endpoint["job"] == {
        "poll": "/exports/{job.id}",
        "status_path": "status",
        "done": ["ready"],
        "failed": ["failed", "late"],
        "download": "{job.urls}",
        "delete": "/exports/{job.id}",
        "timeout": 1800,
    }
    assert "1 resource\n" in done.stderr


def test_a_job_is_looked_at_below_its_parent(clean_room: Path) -> None:
    source = routed(parent("teams"), path="/")
    export = _export(partition_router=parent("teams"))["streams"][0]["retriever"]
    source["streams"][-1]["retriever"] = export
    for word in ("creation_requester", "polling_requester"):
        export[word]["path"] = f"/{{{{ stream_partition.teams_id }}}}{export[word]['path']}"

    raw, done = converted(source, clean_room)

    job = raw["resources"][-1]["endpoint"]["job"]
    assert job["poll"] == "/v3/{resources.teams.id}/exports/{job.id}"
    assert "left out" not in done.stderr


def test_a_file_of_an_export_may_be_a_base_of_its_own(clean_room: Path) -> None:
    download = {"type": "HttpRequester", "url_base": "{{ download_target }}", "http_method": "GET"}

    raw, _ = converted(_export(download_requester=download), clean_room)

    assert only(raw)["endpoint"]["job"]["download"] == "{job.urls}"


def test_an_export_whose_state_is_told_by_code_is_not_in_the_file(clean_room: Path) -> None:
    source = _export(status_extractor={"class_name": "source_chat.components.State"})
    source["streams"] += manifest({"name": "others"})["streams"]

    _, done = converted(source, clean_room)

    assert "not in the file: messages: how far its job is, is said by custom code" in done.stderr


@pytest.mark.parametrize(
    ("window", "lag"),
    [
        ("PT{{ config.get('minutes', '2') }}M", 120),
        ("P{{ config['days'] or 3 }}D", 3 * 86_400),
        ("PT0.1S", 1),
        ("P{{ config.get('days', 0) }}D", None),
    ],
)
def test_a_look_back_is_read_with_the_settings_in_it(window: str, lag: int | None, clean_room: Path) -> None:
    raw, done = converted(manifest({"incremental_sync": {**UPDATED, "lookback_window": window}}), clean_room)

    assert only(raw)["endpoint"]["incremental"].get("lag") == lag
    assert "look back" not in done.stderr


@pytest.mark.parametrize(("given", "sent"), [(None, "more"), ("true", None), ("false", "more")])
def test_a_setting_that_is_true_or_false_chooses_a_text(given: str | None, sent: str | None, clean_room: Path) -> None:
    source = manifest(request_parameters={"fields": "{{ 'more' if not config['is_short'] else '' }}"})

    raw, _ = converted(source, clean_room, *(["--setting", f"is_short={given}"] if given else []))

    assert only(raw)["endpoint"].get("params", {}).get("fields") == sent


def test_seconds_times_a_thousand_are_milliseconds(clean_room: Path) -> None:
    since = "{{ (timestamp(stream_slice.start_time) * 1000)|int }}"
    source = manifest({"incremental_sync": UPDATED}, request_parameters={"since": f"updated >= {since}"})

    raw, _ = converted(source, clean_room)

    endpoint = only(raw)["endpoint"]
    assert endpoint["params"]["since"] == "updated >= {incremental.start_value:epoch_ms}"


def test_a_start_that_a_request_takes_in_two_ways_has_both_formats(clean_room: Path) -> None:
    day = "{{ format_datetime(stream_slice.start_time, '%Y-%m-%d') }}"
    since = {"since": "{{ stream_slice.start_time }}", "at": "{{ timestamp(stream_slice.start_time) }}"}
    source = manifest({"incremental_sync": UPDATED}, path=f"/logs/{day}", request_parameters=since)

    raw, _ = converted(source, clean_room)

    endpoint = only(raw)["endpoint"]
    assert endpoint["path"] == "/logs/{incremental.start_value:date}"
    sent = {"since": "{incremental.start_value}", "at": "{incremental.start_value:epoch_seconds}"}
    assert {name: endpoint["params"][name] for name in sent} == sent


def test_a_status_that_is_an_error_is_not_asked_again(clean_room: Path) -> None:
    rule = {"action": "FAIL", "http_codes": [504]}
    source = manifest(error_handler={"type": "DefaultErrorHandler", "response_filters": [rule]})

    raw, _ = converted(source, clean_room)

    handler = {**only(raw)["endpoint"], **raw["client"]}["error_handler"]
    assert handler["retry_on_status_codes"] == [429, 500, 502, 503]


def test_a_field_of_a_name_that_nothing_has_is_a_question(clean_room: Path) -> None:
    fields = [{"path": ["team"], "value": "{{ stream_partition['id'] }}"}]
    added = {"transformations": [{"type": "AddFields", "fields": fields}]}

    _, done = converted(routed(parent("teams"), path="/{{ stream_partition.teams_id }}", **added), clean_room)

    assert "question: the field team takes 'id', which nothing in the manifest is called" in done.stderr


def test_lines_that_are_values_are_one_column(clean_room: Path) -> None:
    raw, _ = converted(manifest({"retriever": {"decoder": {"type": "IterableDecoder"}}}), clean_room)

    assert only(raw)["endpoint"]["format"]["columns"] == ["record"]


def test_a_token_that_is_where_a_page_begins_and_its_length_is_an_offset(clean_room: Path) -> None:
    begins, length = "response.get('startAt')", "response['maxResults']"
    stop = f"{{{{ response.get('isLast') or {begins} + {length} >= response.get('total') }}}}"
    option = {"type": "RequestOption", "inject_into": "request_parameter"}
    strategy = {"type": "CursorPagination", "cursor_value": f"{{{{ {begins} + {length} }}}}", "page_size": 50}
    paginator = {
        "type": "DefaultPaginator",
        "page_size_option": {**option, "field_name": "maxResults"},
        "page_token_option": {**option, "field_name": "startAt"},
        "pagination_strategy": {**strategy, "stop_condition": stop},
    }

    raw, done = converted(manifest({"retriever": {"paginator": paginator}}), clean_room)

    names = {"offset_param": "startAt", "limit_param": "maxResults"}
    ends = {"total_path": "total", "end_path": "isLast"}
    assert only(raw)["endpoint"]["paginator"] == {"type": "offset", "limit": 50, **names, **ends}
    assert "question" not in done.stderr


def test_a_parent_that_is_another_list_than_the_stream_of_its_name_is_read_by_itself(clean_room: Path) -> None:
    source = routed(_substream(_of_parent("teams", "id")), path="/{{ stream_partition.id }}")
    filtered = source["streams"][-1]["retriever"]["partition_router"][0]["parent_stream_configs"][0]["stream"]
    filtered["retriever"]["record_selector"]["record_filter"] = {"condition": "{{ record['kind'] == 'open' }}"}

    raw, _ = converted(source, clean_room)

    read = {one["name"]: one for one in raw["resources"]}
    assert read["messages"]["endpoint"]["path"] == "/{resources.teams_as_parent.id}"
    assert read["teams_as_parent"]["selected"] is False
    assert read["teams_as_parent"]["steps"] == [{"filter": "@.kind == 'open'"}]
    assert "steps" not in read["teams"]


def test_a_parent_with_a_cache_is_the_stream_of_its_name(clean_room: Path) -> None:
    source = routed(parent("teams"), path="/{{ stream_partition.teams_id }}")
    same = source["streams"][0]
    cached = {**same["retriever"], "requester": {**same["retriever"]["requester"], "use_cache": True}}
    source["definitions"]["teams"] = {**same, "retriever": cached}

    raw, _ = converted(source, clean_room)

    assert [one["name"] for one in raw["resources"]] == ["teams", "users", "messages"]


def test_a_filter_that_a_setting_switches_on_is_off_without_it(clean_room: Path) -> None:
    condition = "{{ not config.get('projects') or record.get('key') in config['projects'] }}"
    selector = {"extractor": {"field_path": ["data"]}, "record_filter": {"condition": condition}}

    raw, done = converted(manifest({"retriever": {"record_selector": selector}}), clean_room)

    assert "steps" not in only(raw)
    assert "records are kept by the setting 'projects' where it is given" in done.stderr
