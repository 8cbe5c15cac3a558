"""How a document's lists go on, and what tells their rows apart, as documents that vendors publish say it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from messaging_assets_tests.discovery.test_openapi import (
    answering,
    described,
    discover,
    document_of,
    in_an_object,
    list_of,
)

TEXT, NUMBER, TRUTH = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
ROWS = list_of(id="string", name="string")


def paginator(folder: Path, answer: Any, *parameters: str, kind: str = "string") -> dict[str, Any]:
    document = document_of({"/rooms": answering(answer, *parameters, kind=kind)})
    written = described(document, folder).resources_in_full["rooms"].endpoint.paginator
    return {} if written is None else written.model_dump(mode="json", exclude_unset=True)


@pytest.mark.parametrize(
    ("around", "parameters", "meant"),
    [
        ({"iterator": TEXT, "prevIterator": TEXT, "done": TRUTH}, ["iterator"], ("cursor", "iterator", "iterator")),
        ({"next_page_cursor": TEXT}, ["search_after"], ("cursor", "next_page_cursor", "search_after")),
        ({"next": {**TEXT, "description": "Token for the next page."}}, ["start"], ("cursor", "next", "start")),
        ({"has_more": TRUTH}, ["after", "before"], ("cursor", "data[-1].id", "after")),
    ],
    ids=["iterator", "search_after", "a token called next", "the last row's key"],
)
def test_a_token_goes_to_the_parameter_that_takes_it(
    around: Any, parameters: list[str], meant: tuple[str, str, str], tmp_path: Path
) -> None:
    found = paginator(tmp_path, in_an_object(data=ROWS, **around), *parameters)
    assert (found["type"], found["cursor_path"], found["cursor_param"]) == meant


def test_an_address_in_an_object_of_its_own_is_a_link_though_nothing_describes_it(tmp_path: Path) -> None:
    answer = in_an_object(data=ROWS, metadata=in_an_object(self=TEXT, next=TEXT))
    assert paginator(tmp_path, answer) == {"type": "json_link", "next_url_path": "metadata.next"}


def test_a_number_takes_no_token_and_a_moment_counts_no_rows(tmp_path: Path) -> None:
    pages = in_an_object(total_pages=NUMBER, next=in_an_object(starting_after=TEXT))
    found = paginator(tmp_path, in_an_object(data=ROWS, pages=pages), "page", kind="integer")
    assert (found["type"], found["total_path"]) == ("page_number", "pages.total_pages")
    assert paginator(tmp_path, ROWS, "start", "end") == {}
    assert paginator(tmp_path, ROWS, "start", kind="integer")["type"] == "offset"


@pytest.mark.parametrize("name", ["created_after", "updatedAfter", "after_date", "api_token", "access_token", "token"])
def test_a_token_goes_to_no_filter_of_time_and_to_no_secret(name: str, tmp_path: Path) -> None:
    found = paginator(tmp_path, in_an_object(data=ROWS, next_page_token=TEXT), name)
    assert found.get("cursor_param") in (None, "token" if name == "token" else None)


@pytest.mark.parametrize("name", ["starting_token", "resumptionToken", "iteratorToken", "after_id", "next_token"])
def test_a_token_that_is_called_like_paging_is_no_secret(name: str, tmp_path: Path) -> None:
    found = paginator(tmp_path, in_an_object(data=ROWS, next_page_token=TEXT), name)
    assert found.get("cursor_param") == name


def test_a_parameter_that_is_a_moment_takes_no_key_and_no_token(tmp_path: Path) -> None:
    for around in ({"has_more": TRUTH}, {"next": {**TEXT, "description": "Token for the next page."}}):
        document = document_of({"/rooms": answering(in_an_object(data=ROWS, **around), "after", "before")})
        for parameter in document["paths"]["/rooms"]["get"]["parameters"]:
            parameter["schema"] = {**TEXT, "format": "date-time"}
        assert described(document, tmp_path).resources_in_full["rooms"].endpoint.paginator is None


@pytest.mark.parametrize(
    ("counts", "total"),
    [
        ({"page_count": NUMBER, "total_records": NUMBER}, "total_records"),
        ({"page_count": NUMBER}, None),
        ({"count": NUMBER, "total": NUMBER}, "total"),
        ({"warning": in_an_object(search_count=NUMBER)}, None),
    ],
    ids=["a page's and all", "a page's", "a count and a total", "of something else"],
)
def test_the_count_of_a_page_is_not_that_of_all_rows(counts: Any, total: str | None, tmp_path: Path) -> None:
    found = paginator(tmp_path, in_an_object(data=ROWS, **counts), "page", kind="integer")
    assert found.get("rows_total_path") == total


def test_a_start_index_beside_resources_begins_at_one(tmp_path: Path) -> None:
    answer = in_an_object(Resources=ROWS, totalResults=NUMBER, startIndex=NUMBER)
    assert paginator(tmp_path, answer, "startIndex", "count", kind="integer")["offset"] == 1


def test_lists_in_wrappers_of_wrappers_and_behind_an_underscore_are_found(tmp_path: Path) -> None:
    wrapped = in_an_object(_embedded=in_an_object(data=in_an_object(rooms=ROWS)), _links=in_an_object(self=TEXT))
    marked = in_an_object(_results=ROWS, _pagination=in_an_object(next=TEXT), _links=in_an_object(self=TEXT))
    resources = described(
        document_of({"/": answering(wrapped), "/users": answering(marked)}), tmp_path
    ).resources_in_full
    selectors = {name: one.endpoint.data_selector for name, one in resources.items()}
    assert selectors == {"rooms": "_embedded.data.rooms", "users": "_results"}


def test_a_key_is_told_by_what_the_answer_calls_its_list_where_the_path_ends_in_a_verb(tmp_path: Path) -> None:
    menus = in_an_object(richmenus=list_of(richMenuId="string", name="string"))
    found = described(document_of({"/richmenu/list": answering(menus, "page")}), tmp_path)
    assert next(iter(found.resources_in_full.values())).primary_key == "richMenuId"


def test_rows_of_a_grandchild_are_told_apart_by_all_that_its_path_takes(tmp_path: Path) -> None:
    topics = list_of(cluster_id="string", topic_name="string")
    partitions = list_of(cluster_id="string", topic_name="string", partition_id="integer")
    replicas = list_of(broker_id="integer")
    path = "/clusters"
    below = {
        path: answering(list_of(cluster_id="string")),
        f"{path}/{{cluster_id}}/topics": answering(topics),
        f"{path}/{{cluster_id}}/topics/{{topic_name}}/partitions": answering(partitions),
        f"{path}/{{cluster_id}}/topics/{{topic_name}}/partitions/{{partition_id}}/replicas": answering(replicas),
        f"{path}/{{cluster_id}}/topics/{{topic_name}}/partitions/{{partition_id}}/replicas/{{broker_id}}": {},
    }
    below |= {f"{path}/{{cluster_id}}/topics/{{topic_name}}": {}}
    below |= {f"{path}/{{cluster_id}}/topics/{{topic_name}}/partitions/{{partition_id}}": {}}
    below = {one: held or answering(in_an_object(id=TEXT)) for one, held in below.items()}
    key = described(document_of(below), tmp_path).resources_in_full["replicas"].primary_key
    assert isinstance(key, list | tuple)
    assert {"_partitions_cluster_id", "_partitions_topic_name", "_partitions_partition_id"} < {*key}


def test_examples_that_look_like_secrets_are_left_out_of_the_file(tmp_path: Path) -> None:
    rooms = list_of(id="string", token="string", zZ9xQ7pL2mK8vB4nT6wR1cY3="string")
    rooms["items"]["properties"]["token"]["description"] = "Such as Kq7Zx92LmP0vTn4Rb8Wc1Yd6Hs3Gf5Ja"
    found = described(document_of({"/rooms": answering(rooms)}), tmp_path).resources_in_full["rooms"]
    assert {name: column.description for name, column in found.columns.items()} == {"id": None, "token": None}


def test_two_ways_that_write_the_same_header_are_one_of_them(tmp_path: Path) -> None:
    schemes = {
        "key": {"type": "apiKey", "in": "header", "name": "Authorization"},
        "token": {"type": "http", "scheme": "bearer"},
    }
    document = document_of({"/rooms": answering(ROWS)})
    document |= {"components": {"securitySchemes": schemes}, "security": [{"key": [], "token": []}]}
    assert "the document asks for token too" in " ".join(discover(document, tmp_path).output.replace("#", "").split())


@pytest.mark.parametrize("written", ["https://{server}/oauth/token", "/oauth/token"], ids=["unfilled", "relative"])
def test_a_token_url_without_an_address_is_one_at_the_api_and_is_to_be_looked_at(written: str, tmp_path: Path) -> None:
    flows = {"clientCredentials": {"tokenUrl": written, "scopes": {}}}
    document = document_of({"/rooms": answering(ROWS)})
    document |= {"components": {"securitySchemes": {"o": {"type": "oauth2", "flows": flows}}}, "security": [{"o": []}]}
    output = discover(document, tmp_path).output
    assert 'token_url: "https://x.example.com/oauth/token"' in output
    assert "see that it is right" in " ".join(output.replace("#", "").split())


@pytest.mark.parametrize(
    ("words", "auth"),
    [
        ("The API Key with format `Token token=<API_KEY>`", {"prefix": "Token token="}),
        ('Allowed headers-- "Authorization: ApiKey <api_key>".', {"prefix": "ApiKey "}),
        ("Private key: set `Authorization` to `Desk-API-Key your-private-api-key`", {"prefix": "Desk-API-Key "}),
        ('JWT by the Bearer scheme. Example: "Authorization: Bearer {token}"', {"type": "bearer"}),
        ("Format: your API key", {}),
        ("", {}),
    ],
)
def test_what_stands_before_a_key_is_taken_from_the_words_of_its_scheme(
    words: str, auth: dict[str, str], tmp_path: Path
) -> None:
    scheme = {"type": "apiKey", "in": "header", "name": "Authorization", "description": words}
    document = document_of({"/rooms": answering(ROWS)})
    document |= {"components": {"securitySchemes": {"key": scheme}}, "security": [{"key": []}]}

    written = described(document, tmp_path).client.model_dump(mode="json", exclude_unset=True)["auth"]

    assert written.items() >= {"type": "api_key", **auth}.items()
    output = " ".join(discover(document, tmp_path).output.replace("#", "").split())
    assert ("if anything does, write prefix" in output) == (not auth)


def test_a_list_whose_answer_shows_no_place_goes_on_as_others_with_its_parameters_do(tmp_path: Path) -> None:
    shown = in_an_object(data=ROWS, meta=in_an_object(next_cursor=TEXT))
    hidden, parameters = in_an_object(data=ROWS), ("cursor", "limit")
    paths = {"/rooms": shown, "/users": shown, "/messages": hidden}
    answers = {path: answering(answer, *parameters, kind="string") for path, answer in paths.items()}
    others = {"/names": answering(hidden, "limit"), "/links": answering(hidden, "cursor", kind="string")}
    document = document_of({**answers, **others})
    resources = described(document, tmp_path).resources_in_full

    messages = resources["messages"].endpoint.paginator
    assert messages is not None
    assert messages == resources["rooms"].endpoint.paginator
    assert resources["messages"].endpoint.params == resources["rooms"].endpoint.params
    assert [resources[name].endpoint.paginator for name in ("names", "links")] == [None, None]
    output = " ".join(discover(document, tmp_path).output.replace("#", "").split())
    assert output.count("Guessed from other lists that take the same parameters") == 1


def test_one_list_alone_shows_no_other_how_it_goes_on(tmp_path: Path) -> None:
    shown, hidden = in_an_object(data=ROWS, meta=in_an_object(next_cursor=TEXT)), in_an_object(data=ROWS)
    answers = {"/rooms": shown, "/users": hidden}
    document = document_of({path: answering(answer, "cursor", kind="string") for path, answer in answers.items()})
    resources = described(document, tmp_path).resources_in_full

    assert resources["rooms"].endpoint.paginator is not None
    assert resources["users"].endpoint.paginator is None


def test_a_token_has_the_place_that_is_called_as_its_parameter_is(tmp_path: Path) -> None:
    pages = in_an_object(next=in_an_object(starting_after=TEXT))
    found = paginator(tmp_path, in_an_object(data=ROWS, pages=pages, scroll_param=TEXT), "scroll_param")
    assert (found["cursor_path"], found["cursor_param"]) == ("scroll_param", "scroll_param")


@pytest.mark.parametrize(
    ("servers", "address", "is_told"),
    [
        (["http://chat.example.com"], "http://chat.example.com", True),
        (["http://chat.example.com", "https://chat.example.com"], "https://chat.example.com", False),
        (["http://localhost:8080"], "http://localhost:8080", False),
        (["http://10.0.0.7"], "http://10.0.0.7", False),
    ],
)
def test_an_address_that_hides_no_secret_is_told(
    servers: list[str], address: str, is_told: bool, tmp_path: Path
) -> None:
    document = document_of({"/rooms": answering(ROWS)}) | {"servers": [{"url": url} for url in servers]}

    output = discover(document, tmp_path).output

    assert f'base_url: "{address}"' in output
    assert ("hides no secret on its way" in " ".join(output.replace("#", "").split())) == is_told
