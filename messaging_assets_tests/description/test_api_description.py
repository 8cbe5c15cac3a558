"""What an API file can say: dlt's whole vocabulary, the seed documents' words, short forms and defaults."""

from __future__ import annotations

from typing import Any, get_args

import dlt.common.schema.typing as table_words
import dlt.sources.rest_api.typing as dlt_words
import pytest
from dlt.common.data_types import DATA_TYPES
from dlt.sources.helpers.rest_client.auth import TApiKeyLocation
from dlt.sources.helpers.rest_client.typing import HTTPMethodBasic
from pydantic import ValidationError

from messaging_assets.description import api as ours
from messaging_assets.description import authentication as auth
from messaging_assets.description import pagination as paging
from messaging_assets.description.automation import Automation, Freshness
from messaging_assets.description.table import Column, MergeDisposition
from messaging_assets.description.ways.token_servers import OAuth2ClientCredentialsAuth
from messaging_assets.files.api_files import InvalidDescription, describe
from messaging_assets.files.rules.other_words import REFUSED
from messaging_assets.files.rules.placeholders import CursorParam, ParentParam
from messaging_assets.files.rules.secrets import IN_AUTH
from messaging_assets.files.rules.shape import words_of

CLIENT = {"base_url": "https://api.example.com"}
KEY_IN_QUERY = {"type": "api_key", "name": "api_key", "location": "query"}
MERGED_BY_ID = {"primary_key": "id", "write_disposition": "merge"}
OFFSET = {"type": "offset", "limit": 100}


def written_resource(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "endpoint": {"path": path, "data_selector": "data", "paginator": OFFSET}}


def written_config(auth: dict[str, Any], *resources: dict[str, Any]) -> dict[str, Any]:
    """A config block as the seed documents have it, without the dlt.secrets look-ups."""
    return {
        "client": {"base_url": "https://api.example.com", "auth": auth},
        "resource_defaults": MERGED_BY_ID,
        "resources": list(resources),
    }


SEEDS = {
    "message_broker": written_config(KEY_IN_QUERY, written_resource("message_broker_resource", "/v1/messages")),
    "messaging": written_config(KEY_IN_QUERY, written_resource("messages", "/v1/messages")),
    "generic_rest": written_config(KEY_IN_QUERY, written_resource("resource_name", "/v1/resource")),
    "monitoring": written_config(KEY_IN_QUERY, written_resource("resource_name", "/v1/resource")),
    "team_messaging": written_config(
        {"type": "oauth2", "token_url": "https://api.example.com/oauth/token"},
        written_resource("users", "/v1/users"),
        written_resource("channels", "/v1/channels"),
        written_resource("messages", "/v1/messages"),
    ),
}
ERROR_HANDLING = {
    "path": "/v1/resource",
    "data_selector": "data",
    "error_handler": {"retry_on_status_codes": [429, 500, 502, 503, 504], "max_retries": 3, "backoff_factor": 2},
}


def described(**resource: Any) -> Any:
    """The one resource of an API, with defaults."""
    description = describe({"client": CLIENT, "resources": [{"name": "messages", **resource}]}, "team_chat")
    return description.resources_in_full["messages"]


@pytest.mark.parametrize("name", SEEDS)
def test_the_config_block_of_each_seed_document_is_accepted_as_it_is(name):
    description: Any = describe(SEEDS[name], name)

    for resource in description.resources_in_full.values():
        assert resource.keys == ("id",)
        assert resource.disposition == "merge"
        assert resource.endpoint.data_selector == "data"
        assert resource.endpoint.paginator == paging.OffsetPaginator(type="offset", limit=100)
        assert description.auth_of(resource).type == SEEDS[name]["client"]["auth"]["type"]


def test_the_error_handler_of_the_team_messaging_document_is_accepted_as_it_is():
    handler = described(endpoint=ERROR_HANDLING).endpoint.error_handler

    assert handler.retry_on_status_codes == [429, 500, 502, 503, 504]
    assert (handler.max_retries, handler.backoff_factor) == (3, 2)


VOCABULARY = [
    (dlt_words.RESTAPIConfig, ours.ApiDescription),
    (dlt_words.ClientConfig, ours.Client),
    (dlt_words.EndpointResource, ours.Resource),
    (dlt_words.EndpointResourceBase, ours.ResourceDefaults),
    (dlt_words.Endpoint, ours.Endpoint),
    (dlt_words.ResponseActionDict, ours.ResponseAction),
    (dlt_words.IncrementalConfig, ours.Incremental),
    (dlt_words.IncrementalParamConfig, CursorParam),
    (dlt_words.ResolveParamConfig, ParentParam),
    (dlt_words.PageNumberPaginatorConfig, paging.PageNumberPaginator),
    (dlt_words.OffsetPaginatorConfig, paging.OffsetPaginator),
    (dlt_words.HeaderLinkPaginatorConfig, paging.HeaderLinkPaginator),
    (dlt_words.JSONLinkPaginatorConfig, paging.JsonLinkPaginator),
    (dlt_words.JSONResponseCursorPaginatorConfig, paging.CursorPaginator),
    (dlt_words.HeaderCursorPaginatorConfig, paging.HeaderCursorPaginator),
    (dlt_words.BearerTokenAuthConfig, auth.BearerAuth),
    (dlt_words.ApiKeyAuthConfig, auth.ApiKeyAuth),
    (dlt_words.HttpBasicAuthConfig, auth.HttpBasicAuth),
    (dlt_words.OAuth2ClientCredentialsConfig, OAuth2ClientCredentialsAuth),
    (table_words.TColumnSchema, ours.Column),
    (table_words.TSchemaContractDict, ours.SchemaContract),
    (table_words.TDeleteInsertStrategyDict, MergeDisposition),
    (table_words.TScd2StrategyDict, MergeDisposition),
    (table_words.TUpsertStrategyDict, MergeDisposition),
]


def refusals(model: type[auth.Described]) -> set[str]:
    """The words of dlt that a model refuses with a sentence of its own."""
    own = {word for one in model.__mro__ for word in REFUSED.get(one.__name__, {})}
    is_auth = model.__module__ in (auth.__name__, OAuth2ClientCredentialsAuth.__module__)
    return own | set(IN_AUTH) if is_auth else own


@pytest.mark.parametrize(("words", "model"), VOCABULARY, ids=lambda one: one.__name__)
def test_every_key_of_dlt_is_accepted_or_refused_with_a_reason(words, model):
    assert words.__annotations__.keys() - words_of(model) - refusals(model) == set()


@pytest.mark.parametrize(("words", "model"), VOCABULARY, ids=lambda one: one.__name__)
def test_no_key_is_both_accepted_and_refused(words, model):
    assert words_of(model) & refusals(model) - {"name", "file"} == set()


def allowed(model: type[auth.Described], field: str) -> set[Any]:
    annotation = model.model_fields[field].annotation
    return {word for one in (annotation, *get_args(annotation)) for word in get_args(one) if isinstance(word, str)}


@pytest.mark.parametrize(
    ("words", "ours_", "refused"),
    [
        (get_args(table_words.TLoaderMergeStrategy), allowed(MergeDisposition, "strategy"), {"cdc"}),
        (get_args(table_words.TWriteDisposition), allowed(MergeDisposition, "disposition"), set()),
        (DATA_TYPES, allowed(ours.Column, "data_type"), set()),
        (get_args(TApiKeyLocation), allowed(auth.ApiKeyAuth, "location"), set()),
        (get_args(HTTPMethodBasic), allowed(ours.Endpoint, "method"), set()),
    ],
    ids=["strategy", "disposition", "data_type", "location", "method"],
)
def test_every_word_that_dlt_allows_for_a_value_is_allowed(words, ours_, refused):
    assert set(words) - ours_ == refused


@pytest.mark.parametrize("kind", get_args(dlt_words.PaginatorType))
def test_every_type_of_paginator_is_accepted(kind):
    needed = {"limit": 10} if kind == "offset" else {}

    assert described(endpoint={"paginator": {"type": kind, **needed}}).endpoint.paginator.type == kind


@pytest.mark.parametrize("kind", [*get_args(dlt_words.AuthType), "oauth2"])
def test_every_type_of_authentication_is_accepted(kind):
    needed = {"token_url": "https://api.example.com/token"} if kind.startswith("oauth2") else {}

    assert described(endpoint={"auth": {"type": kind, **needed}}).endpoint.auth.type == kind


def test_short_forms_mean_their_long_ones():
    short = {
        "client": {**CLIENT, "auth": "bearer", "paginator": "json_link"},
        "resources": ["users", {"name": "messages", "endpoint": "/v1/messages", "columns": [{"name": "id"}]}],
    }
    long = {
        "client": {**CLIENT, "auth": {"type": "bearer"}, "paginator": {"type": "json_link"}},
        "resources": [
            {"name": "users"},
            {"name": "messages", "endpoint": {"path": "/v1/messages"}, "columns": {"id": {"name": "id"}}},
        ],
    }

    assert describe(short, "team_chat") == describe(long, "team_chat")


def test_authentication_without_a_type_is_bearer_and_a_paginator_without_one_is_found_out():
    endpoint = described(endpoint={"auth": {}, "paginator": {"maximum_pages": 3}}).endpoint

    assert endpoint.auth == auth.BearerAuth()
    assert endpoint.paginator == paging.AutoPaginator(maximum_pages=3)


def test_a_key_with_nothing_behind_it_means_its_default():
    empty = described(endpoint={"params": None, "response_actions": None}, columns=None, tags=None)

    assert empty == described(endpoint={})


def test_null_keeps_its_meaning_where_it_has_one():
    paginator = described(endpoint={"paginator": {**OFFSET, "total_path": None}}).endpoint.paginator

    assert paginator.total_path is None
    assert described(endpoint={"paginator": OFFSET}).endpoint.paginator.total_path == "total"


def test_an_endpoint_is_laid_over_the_defaults_key_by_key_and_its_params_one_deeper():
    defaults = {"endpoint": {"params": {"a": 1, "b": 1}, "json": {"x": 1}, "data_selector": "data"}, "tags": {"a": "1"}}
    own = {"name": "users", "endpoint": {"params": {"b": 2}, "json": {"y": 2}}}
    raw = {"client": CLIENT, "resource_defaults": defaults, "resources": [own]}

    users = describe(raw, "team_chat").resources_in_full["users"]

    assert users.endpoint.params == {"a": 1, "b": 2}
    assert users.endpoint.json_body == {"x": 1, "y": 2}
    assert users.endpoint.data_selector == "data"
    assert users.tags == {"a": "1"}


def test_columns_of_the_defaults_stay_beside_a_resources_own():
    defaults = {"columns": {"id": {"data_type": "text"}, "at": {"data_type": "timestamp"}}}
    raw = {
        "client": CLIENT,
        "resource_defaults": defaults,
        "resources": [{"name": "users", "columns": {"at": {"data_type": "date"}}}],
    }

    columns = describe(raw, "team_chat").resources_in_full["users"].columns

    assert {name: column.data_type for name, column in columns.items()} == {"id": "text", "at": "date"}


@pytest.mark.parametrize("words", [{"selected": False}, {"write_disposition": "skip"}], ids=["selected", "skip"])
def test_a_resource_that_only_serves_as_parent_is_not_in_the_full_list(words):
    resources = [
        {"name": "channels", **words},
        {"name": "messages", "endpoint": "/channels/{resources.channels.id}/messages", "include_from_parent": ["id"]},
    ]

    description = describe({"client": CLIENT, "resources": resources}, "team_chat")

    assert list(description.resources_in_full) == ["messages"]
    assert list(description.resources_with_unselected) == ["channels", "messages"]


def test_a_column_marked_as_primary_key_is_the_key_where_none_is_named():
    columns = {"id": {"primary_key": True}, "name": {}}

    assert described(columns=columns, write_disposition="merge").keys == ("id",)
    assert described(columns=columns, primary_key="name").keys == ("name",)


def test_from_python_a_description_may_hold_functions():
    resource = described(
        processing_steps=[{"map": str}, {"filter": bool}],
        endpoint={
            "response_actions": [len, {"status_code": 404, "action": len}],
            "incremental": {"cursor_path": "at", "convert": str, "last_value_func": max},
        },
    )

    assert resource.processing_steps == [{"map": str}, {"filter": bool}]
    assert resource.endpoint.response_actions[0] is len
    assert resource.endpoint.incremental.convert is str


def test_describing_changes_nothing_in_what_it_was_given():
    raw = {"client": dict(CLIENT), "resources": ["users", {"name": "messages", "endpoint": {"params": None}}]}

    describe(raw, "team_chat")

    assert raw == {"client": CLIENT, "resources": ["users", {"name": "messages", "endpoint": {"params": None}}]}


def test_a_description_cannot_be_changed():
    description: Any = describe(SEEDS["messaging"], "messaging")

    with pytest.raises(ValidationError):
        description.client.base_url = "https://elsewhere.example.com"


DECIMAL = {"data_type": "decimal", "precision": 5}


@pytest.mark.parametrize(
    ("model", "good", "bad"),
    [
        (Freshness, {"fail_after": 24, "warn_after": 12}, {"fail_after": 12, "warn_after": 24}),
        (Freshness, {"fail_after": 1}, {"fail_after": 0.001}),
        (Automation, {"condition": "on_cron", "cron": "0 * * * *"}, {"condition": "on_cron"}),
        (Automation, {"condition": "eager"}, {"condition": "eager", "cron": "0 * * * *"}),
        (paging.OffsetPaginator, {**OFFSET, "overlap": 99}, {**OFFSET, "overlap": 100}),
        (ours.ResponseAction, {"action": "ignore", "content": "gone"}, {"action": "ignore"}),
        (ours.ResponseAction, {"action": "ignore", "status_code": "404"}, {"action": "ignore", "status_code": 4}),
        (MergeDisposition, {"disposition": "merge", "strategy": "scd2"}, {"disposition": "append", "strategy": "scd2"}),
        (
            MergeDisposition,
            {"disposition": "merge", "strategy": "upsert", "skip_unchanged_rows": True},
            {"disposition": "merge", "strategy": "scd2", "skip_unchanged_rows": True},
        ),
        (Column, {**DECIMAL, "scale": 5}, {**DECIMAL, "scale": 6}),
        (Column, {"data_type": "decimal", "scale": 9}, {"data_type": "decimal", "precision": 0}),
        (ours.ResourceDefaults, {"owners": ["team:data", "a@example.com"]}, {"owners": ["data"]}),
        (ours.ResourceDefaults, {"tags": {"domain/owner": "a-b"}}, {"tags": {"domain": "a b"}}),
        (ours.ResourceDefaults, {"tags": {"domain": ""}}, {"tags": {"do main": ""}}),
        (ours.Client, {"base_url": "http://localhost:8000"}, {"base_url": "https://"}),
        (ours.Client, {**CLIENT, "requests_per_second": 1.5}, {**CLIENT, "requests_per_second": float("inf")}),
        (ours.Endpoint, {"data_selector": "a[*].'b-c'"}, {"data_selector": "a["}),
        (ours.Endpoint, {"data_selector": "$.a.b"}, {"data_selector": "a where"}),
    ],
)
def test_what_dagster_dlt_or_http_would_refuse_later_is_refused_in_the_file(model, good, bad):
    model.model_validate(good)
    with pytest.raises(ValidationError):
        model.model_validate(bad)


def test_every_owner_and_tag_that_is_accepted_is_accepted_by_dagster():
    from dagster._core.definitions.utils import is_valid_asset_owner
    from dagster._utils.tags import normalize_tags

    defaults = ours.ResourceDefaults(owners=["team:data", "a.b+c@mail.example.com"], tags={"a/b.c": "x-y_z", "d": ""})

    assert all(is_valid_asset_owner(owner) for owner in defaults.owners)
    assert normalize_tags(defaults.tags, strict=True)


def test_a_path_that_is_empty_is_the_apis_own_address_and_one_that_is_missing_the_resources_name():
    endpoints = [{"path": ""}, {}, {"path": "/v1"}]
    assert [ours.Resource(name="a", endpoint=one).path for one in endpoints] == ["/", "a", "/v1"]


@pytest.mark.parametrize("word", ["auth", "paginator"])
def test_an_object_of_a_clients_own_is_told_what_to_write_in_its_place(word: str) -> None:
    with pytest.raises(InvalidDescription, match=rf"client\.{word}: must be a mapping, not an object; write {{type: "):
        describe({"client": {**CLIENT, word: object()}, "resources": ["messages"]}, "chat")


@pytest.mark.parametrize(
    ("way", "written", "kept"),
    [
        ("%d.%m.%Y %H:%M", "2025-02-01T00:30:00Z", "01.02.2025 01:30"),
        ("%d.%m.%Y %H:%M", "2025-02-01", "01.02.2025 00:00"),
        ("%d.%m.%Y %H:%M", "03.02.2025 00:00", "03.02.2025 00:00"),
        ("%d.%m.%Y %H:%M", "-30d", "-30d"),
        ("epoch_ms", "2025-02-01T00:30:00Z", 1738369800000),
        ("epoch_seconds", "2025-02-01", 1738364400),
        ("epoch_seconds", 1738364400, 1738364400),
        ("epoch_seconds", "1738364400", "1738364400"),
        ("epoch_seconds", "-30d", "-30d"),
    ],
)
def test_a_moment_of_the_file_is_written_as_the_file_says_that_records_are(way: str, written: Any, kept: Any) -> None:
    cursor = {"cursor_path": "at", "cursor_format": way, "timezone": "Europe/Berlin"}
    assert ours.Incremental.model_validate({**cursor, "initial_value": written}).initial_value == kept
    assert ours.Incremental.model_validate({**cursor, "end_value": written}).end_value == kept


@pytest.mark.parametrize(
    ("way", "end", "kept"),
    [
        ("%d.%m.%Y", "2024-01-03T12:00:00Z", "04.01.2024"),
        ("%d.%m.%Y", "2024-01-03", "03.01.2024"),
        ("%Y-%m", "2024-01-03", "2024-02"),
        ("%Y-%m", "2024-01-30", "2024-02"),
        ("%d.%m.%Y", "9999-12-31T12:00:00Z", "31.12.9999"),
        ("%d.%m.%Y %H:%M", "2024-01-03T12:00:30Z", "03.01.2024 12:01"),
        ("epoch_ms", "2024-01-03T12:00:00.0005Z", 1704283200001),
    ],
)
def test_an_end_that_records_write_shorter_loses_nothing_before_it(way: str, end: str, kept: Any) -> None:
    assert ours.Incremental(cursor_path="at", cursor_format=way, end_value=end).end_value == kept


def test_an_end_that_a_day_of_25_hours_cuts_short_is_the_next_day() -> None:
    cursor = {"cursor_path": "at", "cursor_format": "%Y-%m-%d", "timezone": "America/New_York"}
    assert ours.Incremental(**cursor, end_value="2024-11-03T00:30:00-04:00").end_value == "2024-11-04"


@pytest.mark.parametrize(
    ("way", "end", "kept"),
    [("%d.%m.%Y", "2025-01-31T23:59:59Z", "31.01.2025"), ("epoch_seconds", "2025-01-31T23:59:59.999Z", 1738367999)],
)
def test_a_closed_end_is_not_moved_to_later_rows(way: str, end: str, kept: Any) -> None:
    cursor = {"cursor_path": "at", "cursor_format": way}
    assert ours.Incremental(**cursor, end_value=end, range_end="closed").end_value == kept
