"""Requests and tokens that the client signs: the API reckons each signature itself, and none is shown to anybody."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import sys
import time
from base64 import b64encode
from datetime import date
from email.utils import formatdate
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from messaging_assets.description.authentication import HmacAuth, secrets_of, ways_of
from messaging_assets.files.api_files import describe
from messaging_assets.files.rules.mistakes import InvalidDescription
from messaging_assets.foundation.failures import CheckCredentials, MendDescription, SetSecret
from messaging_assets_tests.faults.one_list import OneList, Outcome
from messaging_assets_tests.faults.signing_api import ROWS, Came, SigningApi, parts_of_token

KEY = "canary-key-of-signatures"
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
SIGNED = {
    "type": "hmac",
    "text": "{now:epoch_seconds}\n{nonce}\n{method}\n{target}\n{body:sha256}",
    "headers": {
        "X-Time": "{now:epoch_seconds}",
        "X-Nonce": "{nonce}",
        "Authorization": "HMAC {secret.key_id}:{signature}",
    },
}


@pytest.fixture
def chat(one_list: OneList, api: SigningApi) -> OneList:
    one_list.secrets = {"base_url": api.url, "secret_key": KEY, "key_id": "me"}
    return one_list


def read(chat: OneList, auth: Any, **endpoint: Any) -> Outcome:
    chat.client["auth"] = auth
    paginator = {"type": "offset", "limit": 2, "total_path": None, "overlap": 0}
    description = chat.describe(paginator, **endpoint)
    names = {"base_url", *secrets_of([description.client.auth])}
    chat.secrets = {name: value for name, value in chat.secrets.items() if name in names}
    return chat.read(description, chat.name)


def hex_of(text: str, algorithm: str = "sha256") -> str:
    return hmac.new(KEY.encode(), text.encode(), algorithm).hexdigest()


def is_signed(came: Came) -> bool:
    stamp, nonce = came.headers["X-Time"], came.headers["X-Nonce"]
    text = "\n".join([stamp, nonce, came.method, came.target, hashlib.sha256(came.body).hexdigest()])
    is_now = abs(time.time() - int(stamp)) < 60
    return is_now and came.headers["Authorization"] == f"HMAC me:{hex_of(text)}"


def test_each_request_of_a_sync_is_signed_by_itself(chat: OneList, api: SigningApi) -> None:
    api.check = is_signed
    chat.client["auth"] = SIGNED
    outcome = chat.sync({"type": "offset", "limit": 2, "total_path": None, "overlap": 0})
    assert outcome.ids == [row["id"] for row in ROWS], outcome.sentence
    assert len({one.headers["X-Nonce"] for one in api.came}) == len(api.came) > 2


def test_a_setting_may_stand_beside_the_signature() -> None:
    auth = {**SIGNED, "headers": {"Authorization": "HMAC {setting.key_id}:{signature}"}}
    client = {"base_url": "https://api.example.com", "auth": auth}
    resources = [{"name": "m", "endpoint": {"path": "/m", "paginator": "single_page"}}]
    description = describe({"client": client, "settings": {"key_id": "me"}, "resources": resources}, "chat")
    [way] = ways_of(description.client.auth)
    assert isinstance(way, HmacAuth)
    assert way.headers == {"Authorization": "HMAC me:{signature}"}


def test_a_request_that_is_sent_again_is_signed_anew(chat: OneList, api: SigningApi) -> None:
    used: set[str] = set()

    def is_new(came: Came) -> bool:
        is_fresh = came.headers["X-Nonce"] not in used
        used.add(came.headers["X-Nonce"])
        return is_fresh and is_signed(came)

    api.check, api.broken = is_new, [503, 503]
    assert read(chat, SIGNED).green
    assert [one.target for one in api.came][:3] == [api.came[0].target] * 3


def test_a_body_is_signed_as_it_is_sent(chat: OneList, api: SigningApi) -> None:
    api.check = lambda came: is_signed(came) and json.loads(came.body)["word"] == "ä"
    paginator: dict[str, Any] = {"type": "single_page"}
    chat.client["auth"] = SIGNED
    assert chat.read(chat.describe(paginator, method="POST", json={"word": "ä"}), chat.name).green


@pytest.mark.parametrize(("algorithm", "encoding"), [("sha1", "base64"), ("sha512", "hex"), ("md5", "hex")])
def test_a_signature_may_be_a_parameter_over_the_others(
    chat: OneList, api: SigningApi, algorithm: str, encoding: str
) -> None:
    def is_right(came: Came) -> bool:
        pairs = [one for one in urlsplit(came.target).query.split("&") if not one.startswith("sig=")]
        digest = hmac.new(KEY.encode(), "&".join(sorted(pairs)).encode(), algorithm).digest()
        said = digest.hex() if encoding == "hex" else b64encode(digest).decode()
        return came.query["sig"] == said and came.query["key"] == "me"

    api.check = is_right
    params = {"key": "{secret.key_id}", "sig": "{signature}"}
    auth = {"type": "hmac", "algorithm": algorithm, "encoding": encoding, "text": "{query:sorted}", "params": params}
    chat.secrets["secret_key"] = b64encode(KEY.encode()).decode()
    assert read(chat, {**auth, "secret_encoding": "base64"}, params={"q": "a b"}).green


def test_a_refused_signature_is_not_tried_again_and_names_the_variables(chat: OneList, api: SigningApi) -> None:
    api.check = lambda came: False
    outcome = read(chat, SIGNED)
    assert isinstance(outcome.failure, CheckCredentials)
    assert "check MESSAGING__SECRET_KEY and MESSAGING__KEY_ID" in outcome.sentence
    assert len(api.came) == 1
    assert "clock" not in outcome.sentence


@pytest.mark.parametrize(("hours", "side"), [(1, "behind"), (-2, "ahead of")])
def test_a_clock_that_differs_from_the_apis_is_named_when_a_signature_is_refused(
    chat: OneList, api: SigningApi, hours: int, side: str
) -> None:
    api.check, api.date = lambda came: False, formatdate(time.time() + hours * 3600, usegmt=True)
    outcome = read(chat, SIGNED)
    assert f"this machine's clock is {abs(hours) * 60} minutes {side} the API's; set this machine's clock" in (
        outcome.sentence
    )


def test_neither_key_nor_signature_is_shown_anywhere(
    chat: OneList, api: SigningApi, caplog: pytest.LogCaptureFixture
) -> None:
    signatures = list[str]()

    def echo(came: Came) -> tuple[int, dict[str, str], bytes]:
        signatures.append(came.query["sig"])
        return 400, {}, json.dumps({"error": f"{came.query['sig']} {KEY}"}).encode()

    api.check, api.refusal = lambda came: False, echo
    auth = {"type": "hmac", "text": "{url}", "encoding": "base64", "params": {"sig": "{signature}"}}
    with caplog.at_level(logging.DEBUG):
        outcome = read(chat, auth)
    told = outcome.sentence + caplog.text
    assert outcome.failure is not None
    assert signatures
    assert not [one for one in (*signatures, *(quote(one, safe="") for one in signatures), KEY) if one in told]


def test_a_key_that_is_not_written_as_the_file_says_is_told_before_the_api_is_asked(
    chat: OneList, api: SigningApi
) -> None:
    outcome = read(chat, {**SIGNED, "secret_encoding": "hex"})
    assert isinstance(outcome.failure, SetSecret)
    assert "the value of secret_key is not written in hex" in outcome.sentence
    assert not api.came


# Tokens of the client's own making.


def is_shared(token: str) -> bool:
    parts = parts_of_token(token)
    is_good = parts.header["alg"] == "HS256" and parts.claims["iat"] <= time.time() < parts.claims["exp"]
    return bool(is_good) and hmac.new(KEY.encode(), parts.signed, "sha256").digest() == parts.signature


def is_private(token: str) -> bool:
    parts = parts_of_token(token)
    half = len(parts.signature) // 2
    numbers = (int.from_bytes(one, "big") for one in (parts.signature[:half], parts.signature[half:]))
    PRIVATE.public_key().verify(encode_dss_signature(*numbers), parts.signed, ec.ECDSA(SHA256()))
    return bool(parts.claims["iat"] <= time.time() < parts.claims["exp"])


def test_a_token_of_the_clients_own_making_serves_a_whole_sync(chat: OneList, api: SigningApi) -> None:
    def is_right(came: Came) -> bool:
        scheme, _, token = came.headers["Authorization"].partition(" ")
        parts = parts_of_token(token)
        return (scheme, parts.claims["iss"], parts.header["kid"]) == ("JWT", "me", "k1") and is_shared(token)

    api.check = is_right
    auth = {"type": "jwt", "algorithm": "HS256", "secret": "secret_key", "prefix": "JWT "}
    assert read(chat, {**auth, "claims": {"iss": "{secret.key_id}"}, "jwt_headers": {"kid": "k1"}}).green
    assert len({one.headers["Authorization"] for one in api.came}) == 1 < len(api.came)


def test_a_token_that_speaks_of_the_request_is_made_for_each(chat: OneList, api: SigningApi) -> None:
    def is_right(came: Came) -> bool:
        token = came.headers["Authorization"].removeprefix("Bearer ")
        return parts_of_token(token).claims["uri"] == f"{came.method} {came.target}" and is_private(token)

    api.check, chat.secrets["private_key"] = is_right, PEM.replace("\n", "\\n")
    assert read(chat, {"type": "jwt", "algorithm": "ES256", "claims": {"uri": "{method} {target}"}}).green


def test_a_key_that_is_none_for_the_algorithm_is_told_without_it(chat: OneList, api: SigningApi) -> None:
    chat.secrets["private_key"] = f"-----BEGIN PRIVATE KEY-----\n{KEY}"
    outcome = read(chat, {"type": "jwt", "algorithm": "ES256"})
    assert isinstance(outcome.failure, SetSecret)
    assert "the value of private_key is no key for ES256" in outcome.sentence
    assert not api.came
    assert KEY not in outcome.sentence


def test_an_encrypted_private_key_is_opened_by_its_passphrase(chat: OneList, api: SigningApi) -> None:
    closed = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(KEY.encode())).decode()
    api.check = lambda came: is_private(came.headers["Authorization"].removeprefix("Bearer "))
    chat.secrets |= {"private_key": closed, "opener": KEY}
    assert read(chat, {"type": "jwt", "algorithm": "ES256", "passphrase": "opener"}).green


# AWS.

AWS = {"type": "aws_sigv4", "region": "eu-west-1", "service": "execute-api"}


def is_signed_for_aws(came: Came, key: str) -> bool:
    """The steps of AWS's own description of Signature Version 4."""
    said = dict(part.strip().split("=", 1) for part in came.headers["Authorization"].split(" ", 1)[1].split(","))
    stamp, scope = came.headers["X-Amz-Date"], said["Credential"].split("/", 1)[1]
    parts = urlsplit(came.target)
    names = said["SignedHeaders"].split(";")
    headers = "".join(f"{name}:{came.headers[name].strip()}\n" for name in names)
    query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    canonical = [came.method, parts.path, query, headers, ";".join(names), hashlib.sha256(came.body).hexdigest()]
    digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    made = f"AWS4{key}".encode()
    for step in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"):
        made = hmac.new(made, step.encode(), "sha256").digest()
    is_meant = scope == f"{stamp[:8]}/eu-west-1/execute-api/aws4_request"
    return is_meant and "host" in names and said["Signature"] == made.hex()


@pytest.mark.parametrize("temporary", [False, True])
def test_each_request_is_signed_as_aws_wants_it(chat: OneList, api: SigningApi, temporary: bool) -> None:
    pytest.importorskip("botocore")
    api.check = lambda came: (
        is_signed_for_aws(came, KEY) and came.headers["X-Amz-Security-Token"] == ("passing" if temporary else None)
    )
    chat.secrets |= {"access_key_id": "AKIDEXAMPLE", "secret_access_key": KEY, "session_token": "passing"}
    api.broken = [503]
    outcome = read(chat, {**AWS, "temporary": temporary}, params={"q": "a b", "from": "2024-01-01T00:00:00+02:00"})
    assert outcome.green, outcome.sentence


def test_what_is_missing_for_aws_is_named(chat: OneList, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    chat.secrets |= {"access_key_id": "AKIDEXAMPLE", "secret_access_key": KEY}
    outcome = read(chat, AWS)
    assert isinstance(outcome.failure, MendDescription)
    assert "needs botocore, which is not installed; install messaging_assets[aws]" in outcome.sentence


# What the file may say.


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ({**SIGNED, "text": "{nope}"}, "client.auth.text: nothing fills a placeholder here; allowed: {secret.<name>}"),
        ({**SIGNED, "text": "{"}, "client.auth.text: its braces do not pair"),
        ({**SIGNED, "text": "{now}"}, "client.auth.text: write how {now} is written, such as {now:epoch_seconds}"),
        ({**SIGNED, "text": "{body:sha}"}, "client.auth.text: no such function behind a colon; allowed: lower"),
        ({**SIGNED, "headers": {"X-A": "1"}}, "client.auth: sends the signature nowhere; write {signature} in headers"),
        ({**SIGNED, "algorithm": "sha3"}, "client.auth.algorithm: 'sha3' is not allowed here; allowed: md5, sha1"),
        ({**SIGNED, "secret_key": "x"}, "client.auth.secret_key: no secret belongs in an API file"),
        ([SIGNED, {"type": "api_key", "name": "x-time"}], "holds two ways that write the same header"),
        ({"type": "jwt", "algorithm": "none"}, "client.auth.algorithm: 'none' is not allowed here; allowed: HS256"),
        ({"type": "jwt", "algorithm": "HS256", "claims": {"a": "{b}"}}, "client.auth.claims: nothing fills"),
        (
            {"type": "jwt", "algorithm": "HS256", "claims": {"a": date(2026, 1, 1)}},
            "client.auth.claims: holds a value that JSON does not have, such as a date; write it in quotes",
        ),
        ({"type": "jwt", "algorithm": "HS256", "jwt_headers": {"kid": 7}}, "client.auth.jwt_headers: kid must be a"),
        ({**AWS, "region": "Ireland"}, "client.auth.region: must be in small letters, as AWS writes it"),
    ],
)
def test_a_way_to_sign_that_cannot_be_is_refused_with_a_hint(auth: Any, told: str) -> None:
    client = {"base_url": "https://api.example.com", "auth": auth}
    resource = {"name": "m", "endpoint": {"path": "/m", "paginator": "single_page"}}
    with pytest.raises(InvalidDescription) as caught:
        describe({"client": client, "resources": [resource]}, "chat")
    assert told in str(caught.value)
