"""Requests that the client signs: with a shared secret over a text (RFC 2104), or as AWS wants it."""

from __future__ import annotations

import binascii
import hmac
import secrets as random
import time
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from decimal import Decimal
from urllib.parse import urlsplit

import requests

from messaging_assets.description.ways.placeholders import FUNCTIONS, fields_in, filled
from messaging_assets.description.ways.signatures import AwsAuth, HmacAuth, Keyed
from messaging_assets.foundation import moments
from messaging_assets.foundation.failures import MendDescription, SetSecret
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.ways.asked_secrets import Signing
from messaging_assets.http.ways.plain_secrets import replace_parameter, without_parameter

_ENCODINGS: dict[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": lambda made: b64encode(made).decode(),
    "base64url": lambda made: urlsafe_b64encode(made).decode().rstrip("="),
}


class Hmac(Signing):
    """Signs each request with a shared secret."""

    def __init__(self, auth: HmacAuth, secrets: Mapping[str, str], redaction: Redaction, place: str) -> None:
        self._auth, self._secrets, self._redaction = auth, secrets, redaction
        self._key = key_of(auth, secrets, place)

    def sign(self, request: requests.PreparedRequest) -> None:
        """Put time, number and what else goes with the signature onto the request, and then the signature."""
        made = Placeholders(request, self._secrets)
        signed = [name for name, text in self._auth.params.items() if _takes_signature(text)]
        for name in signed:
            without_parameter(request, name)
        self._put(made, False)
        text = made.fill(self._auth.text)
        digest = hmac.new(self._key, text.encode(), self._auth.algorithm).digest()
        made.signature = _ENCODINGS[self._auth.encoding](digest)
        self._redaction.add_signature(made.signature)
        self._put(made, True)

    def _put(self, made: Placeholders, signed: bool) -> None:
        for name, text in self._auth.headers.items():
            if _takes_signature(text) == signed:
                made.request.headers[name] = made.fill(text)
        for name, text in self._auth.params.items():
            if _takes_signature(text) == signed:
                replace_parameter(made.request, name, made.fill(text))


class Placeholders:
    """What stands in place of `{...}` for one request that is about to leave; time and number are the same in all.

    Args:
        request: the request; None where there is none.
        secrets: values by name.
    """

    def __init__(self, request: requests.PreparedRequest | None, secrets: Mapping[str, str]) -> None:
        self.request = request or requests.PreparedRequest()
        self._secrets, self._now, self._nonce = secrets, Decimal(time.time_ns()).scaleb(-9), random.token_hex(16)
        self.signature = ""

    def fill(self, text: str) -> str:
        """The text with everything in its place."""
        return str(filled(text, self.value))

    def value(self, name: str, function: str) -> str:
        """What stands in place of one placeholder."""
        if name == "now":
            return str(moments.written(Decimal(int(self._now)) if function == "iso" else self._now, function))
        found = self._plain(name)
        return FUNCTIONS[function](found) if function else found

    def _plain(self, name: str) -> str:
        first, _, rest = name.partition(".")
        if first == "secret":
            return self._secrets[rest]
        if first == "header":
            return str(self.request.headers.get(rest) or "")
        if name in ("nonce", "signature"):
            return self._nonce if name == "nonce" else self.signature
        if name == "method":
            return str(self.request.method)
        body = self.request.body or b""
        if name == "body":
            return body.decode() if isinstance(body, bytes) else str(body)
        parts = urlsplit(str(self.request.url))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        address = {"host": parts.netloc, "path": parts.path or "/", "query": parts.query, "target": target}
        return address.get(name, parts.geturl())


class Aws(Signing):
    """Signs each request by botocore, as AWS wants it (Signature Version 4)."""

    def __init__(self, auth: AwsAuth, secrets: Mapping[str, str], redaction: Redaction, place: str) -> None:
        try:
            from botocore.auth import S3SigV4Auth, SigV4Auth
            from botocore.credentials import Credentials
        except ImportError:
            raise MendDescription(
                "auth aws_sigv4 needs botocore, which is not installed",
                "install messaging_assets[aws]",
                where=place,
            ) from None
        keys = Credentials(secrets["access_key_id"], secrets["secret_access_key"], secrets.get("session_token"))
        kind = S3SigV4Auth if auth.service == "s3" else SigV4Auth
        self._signer, self._redaction = kind(keys, auth.service, auth.region), redaction

    def sign(self, request: requests.PreparedRequest) -> None:
        """Add date and signature, in place of earlier ones."""
        from botocore.awsrequest import AWSRequest

        # A blank is %20 in what AWS signs; in a query + means the same.
        path, mark, query = str(request.url).partition("?")
        request.url = path + mark + query.replace("+", "%20")
        sent = {name: request.headers[name] for name in ("Content-Type",) if name in request.headers}
        signed = AWSRequest(request.method, request.url, sent, request.body or b"")
        self._signer.add_auth(signed)
        for name, value in signed.headers.items():
            request.headers[name] = value
        self._redaction.add_signature(signed.headers["Authorization"].rpartition("Signature=")[2])


def key_of(auth: Keyed, secrets: Mapping[str, str], place: str) -> bytes:
    """The bytes of a key.

    Raises:
        SetSecret: its value is not written as the file says.
    """
    value = secrets[auth.secret]
    try:
        if auth.secret_encoding == "hex":
            return bytes.fromhex(value)
        if auth.secret_encoding == "base64":
            return b64decode(value.translate(str.maketrans("-_", "+/")) + "=" * (-len(value) % 4), validate=True)
    except (ValueError, binascii.Error):
        raise SetSecret(
            f"the value of {auth.secret} is not written in {auth.secret_encoding}",
            "set it again, or correct auth.secret_encoding",
            where=place,
        ) from None
    # Few environments keep line breaks, which a key in PEM needs.
    return value.replace("\\n", "\n").encode()


def _takes_signature(text: str) -> bool:
    return any(name == "signature" for name, _ in fields_in(text))
