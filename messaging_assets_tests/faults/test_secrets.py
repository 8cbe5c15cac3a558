"""The canary: every way to authenticate goes through every failure, and then every place is searched for the secret."""

from __future__ import annotations

import json
import logging
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from dagster import materialize

from messaging_assets.assets.credentials import build_credentials, credentials_key
from messaging_assets.assets.resource_asset import build_assets
from messaging_assets.description.api import ApiDescription
from messaging_assets.discovery.first_pages import Reader
from messaging_assets.files.api_files import describe
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets.seams.dagster_dlt import DagsterDltResource
from messaging_assets_tests.faults.one_list import OneList, read_alone, synced
from messaging_assets_tests.threaded_server import Handler, answering

CANARY = 'c4nary+se/cr=et%&"x'
TOKEN = "t0ken-canary-of-the-api"
LOGGERS = ("", "dlt", "dagster", "urllib3", "urllib3.connectionpool", "requests", "messaging_assets")
API_KEY, TEAM = "messaging", "team_messaging"
# How the file says it, and where the sandbox looks for it.
AUTHS: dict[str, tuple[str, dict[str, Any], tuple[str, str]]] = {
    "query apiToken": (API_KEY, {"type": "api_key", "name": "apiToken", "location": "query"}, ("query", "apiToken")),
    "query appid": (API_KEY, {"type": "api_key", "name": "appid", "location": "query"}, ("query", "appid")),
    "header": (API_KEY, {"type": "api_key", "name": "X-Strange", "location": "header"}, ("header", "X-Strange")),
    "cookie": (API_KEY, {"type": "api_key", "name": "sid", "location": "cookie"}, ("header", "cookie")),
    "bearer": (API_KEY, {"type": "bearer"}, ("bearer", "")),
    "basic": (API_KEY, {"type": "http_basic"}, ("basic", "")),
    "hmac": (
        API_KEY,
        {
            "type": "hmac",
            "text": "{secret.api_key}{url}",
            "params": {"appid": "{secret.api_key}", "sig": "{signature}"},
        },
        ("query", "appid"),
    ),
    "oauth2 body": (TEAM, {"type": "oauth2"}, ("query", "")),
    "oauth2 header": (TEAM, {"type": "oauth2", "client_authentication": "header"}, ("query", "")),
}
ECHO = json.dumps({"error": CANARY, CANARY: TOKEN, TOKEN: 1, "url": f"/?apiToken={quote(CANARY)}"}).encode()
FAILURES: dict[str, dict[str, Any]] = {
    **{str(status): {"status": status, "body": ECHO} for status in (400, 401, 403, 404, 429, 500, 503)},
    "reset": {"reset": True},
    "cut off": {"truncate": True},
    "timeout": {"latency": 30},
    "redirect": {"status": 302, "headers": {"Location": f"http://stranger.invalid/{quote(CANARY, safe='')}?k={TOKEN}"}},
    "bad redirect": {"status": 302, "headers": {"Location": f"http://[{quote(CANARY, safe='')}?k={TOKEN}"}},
    "bad JSON": {"body": ECHO[:-3]},
    "HTML": {"body": b"<html>" + ECHO, "content_type": "text/html"},
    "text": {"body": CANARY.encode()},
    "error in 200": {"body": ECHO},
    "wrong data": {"body": json.dumps({"data": [CANARY, TOKEN]}).encode()},
    "broken gzip": {"body": ECHO, "headers": {"Content-Encoding": "gzip"}},
}


def spellings(secret: str) -> set[bytes]:
    """The secret as any place might hold it."""
    pairs = [secret, f"{secret}:{secret}", f"{quote_plus(secret)}:{quote_plus(secret)}"]
    encoded = [encode(text.encode()).decode() for text in pairs for encode in (b64encode, urlsafe_b64encode)]
    written = [secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]]
    return {text.encode() for text in [*written, json.dumps(secret)[1:-1], *(text.rstrip("=") for text in encoded)]}


class Place:
    """Everything that this process writes while a test runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records: list[str] = []

    def leaks(self, printed: str, token: bool = True) -> list[str]:
        """Where a secret is found, the token included where one was given out; empty when nowhere."""
        places = {f"log record {number}": text.encode() for number, text in enumerate(self.records)}
        places["stdout and stderr"] = printed.encode()
        for path in self.folder.rglob("*"):
            if path.is_file():
                places[str(path.relative_to(self.folder))] = path.read_bytes()
        needles = spellings(CANARY) | (spellings(TOKEN) if token else set())
        return [
            f"{place}: {text[max(text.index(needle) - 300, 0) :][:600]!r}"
            for place, text in places.items()
            for needle in needles
            if needle in text
        ]


class Keep(logging.Handler):
    """Formats every record the way a careless program would, traceback included."""

    def __init__(self, place: Place) -> None:
        super().__init__(1)
        self.place = place

    def emit(self, record: logging.LogRecord) -> None:
        self.place.records.append(f"{record.name} {self.format(record)} {record.args!r}")


@pytest.fixture
def place(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "DEBUG")
    place = Place(clean_room)
    keep = Keep(place)
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(keep)
        logger.setLevel(1)
    yield place
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(keep)
        logger.setLevel(level)


class Canary:
    """An API that takes the canary, with a resource for each failure."""

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, auth: str) -> None:
        self.sandbox, self.monkeypatch = sandbox, monkeypatch
        self.api, self.auth, (settings := sandbox.settings).key_in = AUTHS[auth][0], AUTHS[auth][1], AUTHS[auth][2][0]
        settings.key_name = AUTHS[auth][2][1]
        if self.api == TEAM:
            sandbox.client = (CANARY, CANARY)
            sandbox.tokens[TOKEN] = float("inf")
            sandbox.fault(
                Fault(api=TEAM, resource="token", rewrite=lambda payload, _: payload | {"access_token": TOKEN})
            )
        else:
            sandbox.keys[self.api] = f"sid={quote_plus(CANARY)}" if auth == "cookie" else CANARY
        for name in ("API_KEY", "TOKEN", "USERNAME", "PASSWORD", "CLIENT_ID", "CLIENT_SECRET", "SECRET_KEY"):
            monkeypatch.setenv(f"{self.api.upper()}__{name}", CANARY)
        monkeypatch.setenv(f"{self.api.upper()}__TOKEN_URL", f"{sandbox.url}/{TEAM}/oauth/token")
        monkeypatch.setenv(f"{self.api.upper()}__BASE_URL", f"{sandbox.url}/{self.api}/v1")

    def describe(self, resources: int, client: dict[str, Any]) -> ApiDescription:
        own = {
            "path": "messages",
            "data_selector": "data",
            "paginator": {"type": "offset", "limit": 100},
            "error_handler": {"max_retries": 0, "retry_on_status_codes": [503], "backoff_factor": 0},
        }
        return ApiDescription.model_validate(
            {
                "name": self.api,
                "client": {"base_url": "https://api.example.invalid", "auth": self.auth, **client},
                "resource_defaults": {"primary_key": "id", "write_disposition": "merge", "endpoint": own, "passes": 1},
                "resources": [{"name": f"list_{number}"} for number in range(resources)],
            }
        )

    def run(self, instance: Any, resources: int, is_whole: bool, **client: Any) -> list[str]:
        """Materialize so many assets, or only read their lists; the sentences of those that failed."""
        settle_environment()
        if not is_whole:
            lists = self.describe(resources, client)
            read = [read_alone(lists, one.name, None)[0] for one in lists.resources]
            return [str(failure) for failure in read if failure]
        description = self.describe(resources, client)
        result = materialize(
            build_assets(description),
            instance=instance,
            resources={
                "dlt": DagsterDltResource(),
                credentials_key(self.api): build_credentials(description),
            },
            raise_on_error=False,
        )
        failures = [event.step_failure_data for event in result.get_step_failure_events()]
        return [str(data.user_failure_data.description) for data in failures if data.user_failure_data]


@pytest.mark.parametrize("auth", AUTHS)
def test_no_failure_shows_a_secret_anywhere(
    auth: str,
    sandbox: Sandbox,
    place: Place,
    dagster_instance: Any,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    outside_connections: list[str],
    request: pytest.FixtureRequest,
) -> None:
    # A failure is told by the same code whichever way the secret goes; this one goes furthest, into addresses.
    is_whole = auth == "query apiToken" or request.config.getoption("whole")
    canary = Canary(sandbox, monkeypatch, auth)
    failures = dict(FAILURES)
    silence = failures.pop("timeout")
    for name, fault in failures.items():
        # A 401 costs two requests where there is a token to renew.
        times = 2 if name == "401" and canary.api == TEAM else 1
        sandbox.fault(Fault(api=canary.api, resource="messages", times=times, **fault))
    sentences = canary.run(dagster_instance, len(failures) + 1, is_whole)
    # By itself, so that a slow machine lets no other list run out of its time.
    sandbox.fault(Fault(api=canary.api, resource="messages", times=1, **silence))
    sentences += canary.run(dagster_instance, 1, is_whole, timeout={"read": 0.5})
    assert len(sentences) == len(FAILURES)
    assert all(f"{canary.api}.list_" in sentence for sentence in sentences)
    assert len({sentence.split(": ", 1)[1] for sentence in sentences}) > 12

    monkeypatch.setenv(f"{canary.api.upper()}__BASE_URL", "http://unknown.invalid/v1")
    [unresolved] = canary.run(dagster_instance, 1, is_whole)
    assert "could not be reached by the name of its host" in unresolved
    monkeypatch.setenv(f"{canary.api.upper()}__BASE_URL", f"{sandbox.url}/{canary.api}/v1")
    sandbox.stop()
    [refused] = canary.run(dagster_instance, 1, is_whole)
    assert "could not be reached" in refused
    assert place.leaks("".join(capfd.readouterr()), token=canary.api == TEAM) == []
    assert len(place.records) > 100
    assert outside_connections == []


@pytest.mark.sampled
@pytest.mark.parametrize("auth", ["oauth2 body", "oauth2 header"])
def test_no_failure_of_the_token_server_shows_a_secret_anywhere(
    auth: str,
    sandbox: Sandbox,
    place: Place,
    dagster_instance: Any,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    is_whole = request.config.getoption("whole")
    canary = Canary(sandbox, monkeypatch, auth)
    sandbox.faults.clear()
    plain: list[dict[str, Any]] = [fault for name, fault in FAILURES.items() if name not in ("wrong data", "timeout")]
    answers = [{"access_token": f"{TOKEN}\n"}, {"access_token": [CANARY]}, {"error_description": CANARY}]
    own: list[dict[str, Any]] = [{"body": json.dumps(answer).encode()} for answer in answers]
    own += [{"status": 401, "body": json.dumps({"error": "invalid_client", "error_description": CANARY}).encode()}]
    for fault in (*plain, *own):
        sandbox.fault(Fault(api=TEAM, resource="token", times=1, **fault))
    sentences = canary.run(dagster_instance, len(plain), is_whole)
    # What only a token server says goes through a run of Dagster's too, by one of both ways.
    sentences += canary.run(dagster_instance, len(own), is_whole or auth == "oauth2 body")
    assert len(sentences) == len(plain) + len(own)
    sandbox.fault(Fault(api=TEAM, resource="token", times=1, **FAILURES["timeout"]))
    sentences += canary.run(dagster_instance, 1, is_whole, timeout={"read": 0.5})
    assert len(sentences) == len(plain) + len(own) + 1
    assert sum("refused the client (invalid_client)" in sentence for sentence in sentences) == 1
    assert place.leaks("".join(capfd.readouterr())) == []


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\nX-Injected: 1", "\x00", "\x7f"], ids=repr)
def test_a_secret_with_a_line_break_is_red_and_named_by_its_field(
    auth: str,
    end: str,
    sandbox: Sandbox,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    # It is refused before anything is asked, whichever way it goes.
    is_whole = (auth, end) == ("query apiToken", "\n") or request.config.getoption("whole")
    one_list = OneList(sandbox, is_whole=is_whole)
    one_list.client["auth"] = AUTHS[auth][1] | ({"token_url": f"{sandbox.url}/t"} if "oauth2" in auth else {})
    asked = one_list.describe().client.auth
    assert asked is not None
    assert not isinstance(asked, tuple)
    one_list.secrets = dict.fromkeys(asked.secrets, CANARY + end)
    outcome = one_list.outcome()
    assert "has a line break or control character in it; set it again without" in outcome.sentence
    assert type(outcome.failure).__name__ == "SetSecret"
    assert sandbox.requests == []
    assert place.leaks("".join(capfd.readouterr())) == []


def test_the_search_itself_finds_a_secret(place: Place, clean_room: Path) -> None:
    for number, spelling in enumerate(sorted(spellings(CANARY))):
        (clean_room / f"file_{number}").write_bytes(b"before" + spelling + b"after")
    logging.getLogger("urllib3.connectionpool").debug("GET /?apiToken=%s", CANARY)
    leaks = place.leaks(CANARY)
    assert len([leak for leak in leaks if leak.startswith("file_")]) == len(spellings(CANARY))
    assert any(leak.startswith("log record") for leak in leaks)
    assert any(leak.startswith("stdout") for leak in leaks)


def test_log_records_are_redacted_wherever_they_are_made_and_only_meanwhile(place: Place) -> None:
    redaction = Redaction([CANARY])
    logger = logging.getLogger("some.library.of.theirs")
    logger.setLevel(1)
    with redaction.on_loggers(), Redaction(["another-secret"]).on_loggers():
        logger.debug("asked /?k=%s and %s", CANARY, "another-secret")
        logger.warning("odd %d", CANARY)
        try:
            raise ValueError(f"inside {CANARY}")
        except ValueError:
            logger.exception("failed")
    logger.debug("after %s", "another-secret")
    assert not any(CANARY in record for record in place.records)
    assert any("asked /?k=*** and ***" in record for record in place.records)
    assert any("ValueError: inside ***" in record for record in place.records)
    assert any("after another-secret" in record for record in place.records)


def test_plain_http_to_another_machine_warns_and_loopback_does_not(place: Place, tmp_path: Path) -> None:
    from messaging_assets.description.api import Client
    from messaging_assets.http.session import ApiSession

    for url, warns in {
        "http://api.invalid/v1": True,
        "http://127.0.0.1:1": False,
        "https://api.invalid": False,
    }.items():
        place.records.clear()
        with ApiSession(url, Client(base_url=url)):
            assert any("plain http" in record for record in place.records) is warns


def test_a_token_in_an_address_of_the_environment_shows_in_no_failure(one_list: OneList) -> None:
    """An API that takes its token in the path: the address comes from the environment, and failures hide that part."""
    one_list.secrets["base_url"] = f"{one_list.sandbox.url}/bot12345:AAExyz"
    outcome = one_list.sync()
    assert "answered 404" in outcome.sentence
    assert "AAExyz" not in outcome.sentence


def test_the_verbs_that_look_show_no_token_of_an_address_and_no_stranger_s_words(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = {"base_url": "https://api.example.invalid", "auth": {"type": "bearer"}}
    path = {"path": "messages", "data_selector": "data", "error_handler": {"max_retries": 0}}
    resources = [{"name": "messages", "endpoint": path}]
    description = ApiDescription.model_validate({"name": "bots", "client": api, "resources": resources})
    monkeypatch.setenv("BOTS__BASE_URL", f"{sandbox.url}/bot12345:AAExyz")
    monkeypatch.setenv("BOTS__TOKEN", CANARY)
    redaction = Redaction()
    reader = Reader(description, build_credentials(description), redaction)
    [resource] = description.resources_in_full.values()
    said = str(reader.read(resource, pages=1).failure)
    assert "answered 404" in said
    assert "AAExyz" not in said

    def fail(*args: Any, **kwargs: Any) -> None:
        raise ValueError(f"a\x1b[31mt {quote(CANARY)}\nand more")

    monkeypatch.setattr("messaging_assets.loading.passes.api_reader.rest_api_resources", fail)
    said = str(reader.read(resource, pages=1).failure)
    assert "bots.messages: " in said
    assert "ValueError: a?[31mt ***" in said
    assert said.isprintable()


LOGIN = {"type": "session", "login": {"path": "/token"}, "headers": {"X-Session": "access_token"}}
SIGNED = {"algorithm": "HS256", "secret": "key", "claims": {"iss": "{secret.client_id}"}}
# Ways that the sandbox does not know; this API takes whatever comes, and repeats it in each refusal.
OTHER_WAYS: dict[str, dict[str, Any]] = {
    "session": LOGIN,
    "session cookie": {"type": "session", "login": {"path": "/cookie", "encoding": "basic"}},
    "password": {"type": "oauth2_password", "token_url": "/token"},
    "refresh token": {"type": "oauth2_refresh_token", "token_url": "/token", "encoding": "json"},
    "assertion": {"type": "oauth2_jwt_bearer", "token_url": "/token", "assertion": SIGNED},
    "jwt": {"type": "jwt", **SIGNED},
    "digest": {"type": "http_digest"},
    "body": {"type": "api_key", "location": "body", "name": "auth.key"},
    "path": {"type": "api_key", "location": "path", "name": "secret_place"},
    "aws": {"type": "aws_sigv4", "region": "eu-west-1", "service": "execute-api", "temporary": True},
}


class Echo(Handler):
    """Hands out a token, and refuses every list with all that it was asked with."""

    status = 400

    def do_GET(self) -> None:
        """Answer as the path says."""
        came = f"{self.path}\n{self.headers}\n{self.body().decode()}"
        if self.path.startswith("/token"):
            # The next refresh token is kept in a file of its own, which `test_refresh_tokens` looks at.
            self.reply(200, {"access_token": TOKEN, "refresh_token": "the next one", "expires_in": 3600})
        elif self.path.startswith("/cookie"):
            self.reply(200, {}, {"Set-Cookie": f"sid={TOKEN}; Path=/"})
        elif self.server.is_digest and "Authorization" not in self.headers:  # type: ignore[attr-defined]
            self.reply(401, {}, {"WWW-Authenticate": f'Digest realm="{quote(CANARY)}", nonce="n", qop="auth"'})
        else:
            status = int(self.headers["X-Status"])
            body = {"error": came, came: [TOKEN, CANARY], "data": [TOKEN]} if status != 299 else came.encode()
            self.reply(200 if status == 299 else status, body)

    do_POST = do_GET


@pytest.mark.parametrize("way", OTHER_WAYS)
def test_no_refusal_that_repeats_a_request_shows_what_it_was_signed_or_sent_with(
    way: str, place: Place, capfd: pytest.CaptureFixture[str], open_database: None
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.is_digest = way == "digest"  # type: ignore[attr-defined]
    url = f"http://127.0.0.1:{server.server_address[1]}"
    auth = {**OTHER_WAYS[way]}
    auth |= {"token_url": f"{url}{auth['token_url']}"} if "token_url" in auth else {}
    settle_environment()
    with answering(server):
        for status in (200, 299, 400, 403, 500):
            endpoint: dict[str, Any] = {
                "path": "/secret_place/list",
                "headers": {"X-Status": str(status)},
                "data_selector": "data",
                "error_handler": {"max_retries": 0},
                **({"method": "POST", "json": {}} if way == "body" else {}),
            }
            raw = {"client": {"base_url": url, "auth": auth}, "resources": [{"name": "rows", "endpoint": endpoint}]}
            description = describe(raw, "echo")
            secrets = dict.fromkeys(description.client.auth.secrets, CANARY)  # type: ignore[union-attr]
            with pytest.raises(SyncFailure) as failed:
                synced(description, "rows", secrets)
            assert "echo.rows" in str(failed.value)
    assert place.leaks("".join(capfd.readouterr())) == []
