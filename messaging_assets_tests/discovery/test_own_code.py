"""Classes of a connector's own, written by hand in the shapes that published connectors have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from messaging_assets.conversion.own_code.classes import OwnCode
from messaging_assets.conversion.own_code.known import notes_in, without_code
from messaging_assets_tests.discovery.test_convert import converted, manifest, only

CHOICE = """
class Ways(DeclarativeAuthenticator):
    def __new__(cls, token, oauth, config, *args, **kwargs):
        return token if config["credentials"]["kind"] == "key" else oauth
"""
CHOICE_IN_STEPS = """
class Ways(DeclarativeAuthenticator):
    def __new__(cls, token, oauth, config, *args, **kwargs):
        credentials = config.get("credentials", {})
        if config.get("old_token"):
            return oauth
        elif credentials["kind"] == "key":
            return token
        else:
            raise ValueError(credentials["kind"])
"""
PREFIX = """
class Ways(DeclarativeAuthenticator):
    @property
    def auth_header(self):
        return "Authorization"

    @property
    def token(self):
        return f"SSWS {self.config['credentials']['api_token']}"
"""
HEADERS = """
class Ways(NoAuth):
    def get_auth_header(self):
        return {"X-Key": "Key " + self.api_token}
"""
TOKEN_SERVER = """
class Ways(NoAuth):
    _grant_type = "account_credentials"

    def __post_init__(self, parameters):
        self._account = InterpolatedString.create(self.account_id, parameters=parameters).eval(self.config)
        self._url = InterpolatedString.create(self.endpoint, parameters=parameters).eval(self.config)

    def __call__(self, request):
        request.headers.update({"Authorization": f"Bearer {self.ask()}"})
        return request

    def ask(self):
        token = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode("ascii")).decode("utf-8")
        headers = {"Authorization": f"Basic {token}", "Content-type": "application/json"}
        url = f"{self._url}?grant_type={self._grant_type}&account_id={self._account}"
        answer = requests.post(url=url, headers=headers)
        return answer.json().get("access_token")
"""
KEY, OAUTH = {"type": "BearerAuthenticator", "api_token": "k"}, {"type": "OAuthAuthenticator"}
HELD = {"token": KEY, "oauth": OAUTH}


def selected(*names: str) -> dict[str, Any]:
    ways = {"key": KEY, "oauth": OAUTH}
    return {
        "type": "SelectiveAuthenticator",
        "authenticator_selection_path": ["credentials", "kind"],
        "authenticators": {name: ways[name] for name in names},
    }


def known(code: str, name: str, folder: Path, **component: Any) -> Any:
    """What a component of a class becomes."""
    (folder / "components.py").write_text(f"raise SystemExit('it was run')\n{code}")
    return without_code({"class_name": f"{folder.name}.components.{name}", **component}, OwnCode(folder))


@pytest.mark.parametrize(
    ("code", "component", "found"),
    [
        (CHOICE, HELD, selected("key", "oauth")),
        (CHOICE_IN_STEPS, HELD, selected("key", "oauth")),
        (
            PREFIX,
            {},
            {
                "type": "ApiKeyAuthenticator",
                "header": "Authorization",
                "api_token": "SSWS {{ config['credentials']['api_token'] }}",
            },
        ),
        (
            HEADERS,
            {"api_token": "{{ config['key'] }}"},
            {"type": "ApiKeyAuthenticator", "header": "X-Key", "api_token": "Key {{ config['key'] }}"},
        ),
        (
            TOKEN_SERVER,
            {
                "endpoint": "https://api.example.com/token",
                "account_id": "{{ config['account'] }}",
                "client_id": "{{ config['id'] }}",
                "client_secret": "{{ config['secret'] }}",
            },
            {
                "type": "OAuthAuthenticator",
                "token_refresh_endpoint": "https://api.example.com/token",
                "client_id": "{{ config['id'] }}",
                "client_secret": "{{ config['secret'] }}",
                "grant_type": "account_credentials",
                "refresh_request_body": {"account_id": "{{ config['account'] }}"},
                "refresh_request_headers": {"Authorization": "Basic"},
                "send_refresh_request_as_query_params": True,
            },
        ),
    ],
    ids=["choice", "choice in steps", "prefix", "headers", "token server"],
)
def test_an_authenticator_of_code_is_what_its_code_does(
    code: str, component: dict[str, Any], found: Any, tmp_path: Path
) -> None:
    assert known(code, "Ways", tmp_path, **component) == found


@pytest.mark.parametrize(
    "code",
    [
        PREFIX.replace("self.config['credentials']['api_token']", "self.signed()"),
        PREFIX + "    def __call__(self, request):\n        return sign(request)\n",
        TOKEN_SERVER.replace("headers=headers", "headers=headers, data=self.body()"),
        TOKEN_SERVER.replace('f"Bearer {self.ask()}"', "self.ask()"),
        CHOICE.replace("else oauth", "else None"),
        CHOICE.replace("DeclarativeAuthenticator", "DeclarativeAuthenticator, Other"),
        "class Others:\n    pass\n",
        "not Python",
    ],
    ids=["signed", "signs", "a body of its own", "no bearer", "none", "two bases", "not there", "no code"],
)
def test_an_authenticator_of_code_that_is_not_sure_stays_code(code: str, tmp_path: Path) -> None:
    fields = {
        **HELD,
        "endpoint": "e",
        "account_id": "a",
        "client_id": "{{ config.i }}",
        "client_secret": "{{ config.s }}",
    }
    assert "class_name" in known(code, "Ways", tmp_path, **fields)


REQUESTER = """
class Base(HttpRequester):
    def __post_init__(self, parameters):
        self._credit = Credit(self.config.get("per_minute"))
        self.request_options_provider = InterpolatedRequestOptionsProvider(
            request_headers=self.request_headers, config=self.config, parameters=parameters
        )
        super().__post_init__(parameters)

    def _consume(self, number):
        self._credit.consume(number)


class Asking(Base):
    def send_request(self, **kwargs):
        self._consume(kwargs.pop("cost", 1))
        return super().send_request(**kwargs)
"""
HANDLER = """
class Handling(DefaultErrorHandler):
    @waiting()
    def interpret_response(self, response_or_exception):
        if isinstance(response_or_exception, InvalidURL):
            return ErrorResolution(response_action=ResponseAction.RETRY)
        return super().interpret_response(response_or_exception)
"""


def test_a_requester_that_only_waits_is_one_of_the_manifest_and_the_wait_a_question(tmp_path: Path) -> None:
    found = known(REQUESTER, "Asking", tmp_path, path="/users")
    assert (found["type"], found["path"]) == ("HttpRequester", "/users")
    [(kind, words)] = notes_in({"retriever": {"requester": found}})
    assert kind == "question"
    assert "requests_per_second" in words


@pytest.mark.parametrize(
    "code",
    [
        REQUESTER.replace('kwargs.pop("cost", 1)', 'kwargs["request_params"].pop("page")'),
        REQUESTER.replace('kwargs.pop("cost", 1)', 'kwargs.pop("request_params", 1)'),
        REQUESTER.replace("def _consume(", "def _request_headers("),
        REQUESTER.replace("def _consume(", "def get_url("),
        REQUESTER.replace("self._credit =", "self._authenticator ="),
        REQUESTER.replace("request_headers=self.request_headers", "request_headers=signed(self)"),
        REQUESTER.replace("return super().send_request(**kwargs)", "return self.ask(**kwargs)"),
    ],
)
def test_a_requester_that_changes_what_is_sent_stays_code(code: str, tmp_path: Path) -> None:
    assert "class_name" in known(code, "Asking", tmp_path)


def test_an_error_handler_that_waits_and_asks_again_is_one_of_the_manifest(tmp_path: Path) -> None:
    found = known(HANDLER, "Handling", tmp_path, max_retries=3)
    assert (found["type"], found["max_retries"]) == ("DefaultErrorHandler", 3)
    assert [kind for kind, _ in notes_in(found)] == ["question"]
    assert not list(notes_in(known(HANDLER.replace("    @waiting()\n", ""), "Handling", tmp_path)))


@pytest.mark.parametrize(
    "code",
    [
        HANDLER.replace("ResponseAction.RETRY", "ResponseAction.IGNORE"),
        HANDLER.replace("isinstance(response_or_exception, InvalidURL)", "response_or_exception.status_code == 404"),
        HANDLER + "    def max_time(self):\n        return 5\n",
    ],
)
def test_an_error_handler_that_decides_stays_code(code: str, tmp_path: Path) -> None:
    assert "class_name" in known(code, "Handling", tmp_path)


def router(body: str) -> str:
    lines = "\n".join(f"        {line}" for line in body.strip("\n").splitlines())
    return f"class Routing(SubstreamPartitionRouter):\n    def stream_slices(self):\n{lines}\n"


CHOSEN = router("""
chosen = self.config.get("form_ids", [])
if chosen:
    for item in chosen:
        yield StreamSlice(partition={"form_id": item}, cursor_slice={})
else:
    for config in self.parent_stream_configs:
        for item in config.stream.read_records(sync_mode=SyncMode.full_refresh):
            yield StreamSlice(partition={"form_id": item["id"]}, cursor_slice={})
yield from []
""")
NAMED = router("""
streams = {one.stream.name: one.stream for one in self.parent_stream_configs}
chosen = streams["some"] if self.config.get("groups") else streams["all"]
for slice in chosen.stream_slices():
    for record in chosen.read_records(stream_slice=slice):
        yield StreamSlice(partition={"id": record["key"]}, cursor_slice={})
""")
COLLECTED = router("""
parents = self.parent_stream_configs[0].stream
wanted = self.config.get("projects", [])
ids = []
for slice in parents.stream_slices():
    for record in parents.read_records(stream_slice=slice):
        ids.extend([one["path"] for one in record["projects"]])
if ids:
    for one in ids:
        if not wanted or wanted and one in wanted:
            yield StreamSlice(partition={"id": one.replace("/", "%2F")}, cursor_slice={})
else:
    for one in wanted:
        yield StreamSlice(partition={"id": one}, cursor_slice={})
""")
SUPER_OR_ONE = router("""
if self.config.get("projects"):
    yield from super().stream_slices()
else:
    yield from [StreamSlice(partition={}, cursor_slice={})]
""")
BY_PARAMETER = router("""
field = self._parameters.get("of")
if not self.config.get(field):
    yield from super().stream_slices()
else:
    yield StreamSlice(partition={"id": self.config.get(field)}, cursor_slice={})
""")


def stream_of(name: str) -> dict[str, Any]:
    selector = {"extractor": {"type": "DpathExtractor", "field_path": []}}
    return {"name": name, "retriever": {"requester": {}, "record_selector": selector}}


PARENTS = [
    {"parent_key": "id", "partition_field": "id", "stream": stream_of("all")},
    {"parent_key": "id", "partition_field": "id", "stream": stream_of("some")},
]


@pytest.mark.parametrize(
    ("code", "type_", "parents", "setting"),
    [
        (CHOSEN, "SubstreamPartitionRouter", [("all", "id", "form_id"), ("some", "id", "form_id")], "form_ids"),
        (NAMED, "SubstreamPartitionRouter", [("all", "key", "id")], "groups"),
        (COLLECTED, "SubstreamPartitionRouter", [("all", "path", "id")], "projects"),
        (SUPER_OR_ONE, "SinglePartitionRouter", [], "projects"),
        (BY_PARAMETER, "SubstreamPartitionRouter", [("all", "id", "id"), ("some", "id", "id")], "survey_id"),
    ],
    ids=["chosen", "named", "collected", "super or one", "by parameter"],
)
def test_a_router_of_code_is_what_it_does_without_its_setting(
    code: str, type_: str, parents: list[Any], setting: str, tmp_path: Path
) -> None:
    found = known(code, "Routing", tmp_path, parent_stream_configs=PARENTS, **{"$parameters": {"of": "survey_id"}})

    assert found["type"] == type_
    configs = found.get("parent_stream_configs", [])
    assert [(one["stream"]["name"], one["parent_key"], one["partition_field"]) for one in configs] == parents
    assert f"'{setting}'" in dict(notes_in(found))["question"]
    if code == COLLECTED:
        assert configs[0]["stream"]["retriever"]["record_selector"]["extractor"]["field_path"] == ["projects"]


@pytest.mark.parametrize(
    "code",
    [
        CHOSEN.replace('item["id"]', 'clean(item["id"])'),
        CHOSEN.replace("if chosen", "if self.is_large"),
        CHOSEN.replace("yield from []", 'yield StreamSlice(partition={"form_id": "more"}, cursor_slice={})'),
        COLLECTED.replace("in record[", "in others["),
        COLLECTED.replace(
            'one["path"] for one in record["projects"]', 'one["path"] for one in record["projects"] if one'
        ),
        COLLECTED.replace('"%2F"', '"-"'),
        SUPER_OR_ONE + "    def get_request_params(self):\n        return {}\n",
    ],
)
def test_a_router_of_code_that_is_not_sure_stays_code(code: str, tmp_path: Path) -> None:
    assert "class_name" in known(code, "Routing", tmp_path, parent_stream_configs=PARENTS)


TEXTS = """
class Labels(DpathExtractor):
    def extract_records(self, response):
        records = super().extract_records(response)
        return [{"label": record} for record in records]
"""
EVENTS = """
class Labels(DpathExtractor):
    def extract_records(self, response):
        body = self.decoder.decode(response)
        events = body.get("events")
        if events:
            return [{"event_name": value} for value in events]
        else:
            return []
"""


@pytest.mark.parametrize(("code", "path", "column"), [(TEXTS, ["values"], "label"), (EVENTS, ["events"], "event_name")])
def test_an_extractor_of_code_that_makes_records_of_texts_is_a_path_and_a_column(
    code: str, path: list[str], column: str, tmp_path: Path
) -> None:
    found = known(code, "Labels", tmp_path, field_path=["values"])
    assert found == {"type": "DpathExtractor", "field_path": path, "$column": column}


@pytest.mark.parametrize(
    "code",
    [
        TEXTS.replace('{"label": record}', '{"label": record, "kind": "x"}'),
        TEXTS.replace('{"label": record}', '{"label": record["name"]}'),
        TEXTS.replace("for record in records", "for record in records if record"),
        TEXTS.replace("super().extract_records(response)", "self.own(response)"),
    ],
)
def test_an_extractor_of_code_that_does_more_stays_code(code: str, tmp_path: Path) -> None:
    assert "class_name" in known(code, "Labels", tmp_path, field_path=["values"])


CURSOR = """
class Marking(DeclarativeCursor):
    def get_request_params(self, **kwargs):
        return self._get_request_option("params")

    def _get_request_option(self, kind):
        return {}

    def stream_slices(self):
        yield StreamSlice(partition={}, cursor_slice={})
"""


def test_a_cursor_of_code_that_no_request_takes_is_a_mark_alone(tmp_path: Path) -> None:
    found = known(CURSOR, "Marking", tmp_path, cursor_field="updated_at")
    assert (found["type"], found["cursor_field"]) == ("DatetimeBasedCursor", "updated_at")
    asking = CURSOR.replace("return {}", "return {'since': self.mark}")
    assert "class_name" in known(asking, "Marking", tmp_path, cursor_field="updated_at")


def test_a_class_is_found_through_the_package_that_has_it_from_a_module(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("from .answers import Labels\n")
    (tmp_path / "answers.py").write_text(TEXTS)
    code = OwnCode(tmp_path)
    assert code.find(f"{tmp_path.name}.Labels") is not None
    assert code.find(f"{tmp_path.name}.Others") is None
    assert code.find("Labels") is None
    assert code.find(f"{tmp_path.name}...Labels") is None
    assert code.find(f"{tmp_path.name}.answers.Labels") is not None
    assert OwnCode(None).find(f"{tmp_path.name}.Labels") is None


def test_what_own_code_says_is_in_the_file_and_the_code_is_never_run(clean_room: Path) -> None:
    (clean_room / "components.py").write_text(f"raise SystemExit('it was run')\n{PREFIX}{TEXTS}{REQUESTER}")

    def own(name: str) -> str:
        return f"source_declarative_manifest.components.{name}"

    selector = {"extractor": {"class_name": own("Labels"), "field_path": ["values"]}}
    requester = {"class_name": own("Asking"), "authenticator": {"class_name": own("Ways")}}
    raw, done = converted(manifest({"retriever": {"record_selector": selector}}, **requester), clean_room)

    assert raw["client"]["auth"] == {
        "type": "api_key", "name": "Authorization", "location": "header", "prefix": "SSWS "
    }  # fmt: skip
    assert only(raw)["endpoint"]["data_selector"] == "values"
    assert only(raw)["steps"] == [{"rename": {"value": "label"}}]
    assert "question: its code (Asking) may wait between requests" in done.stderr
    assert "1 resource, 1 with a question" in done.stderr


def test_a_retriever_of_code_is_carried_with_a_word_on_what_it_may_do(clean_room: Path) -> None:
    (clean_room / "components.py").write_text("class Joining(SimpleRetriever):\n    def read_records(self): ...\n")
    source = manifest({"retriever": {"class_name": "source_declarative_manifest.components.Joining"}})
    _, done = converted(source, clean_room)
    assert "it is read by custom code (Joining), which may do more than the manifest says" in done.stderr
