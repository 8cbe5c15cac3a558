"""Sessions: a login once for all requests of a sync."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

import requests

from messaging_assets.description.ways.placeholders import filled
from messaging_assets.description.ways.token_servers import SessionAuth
from messaging_assets.foundation.failures import CheckCredentials
from messaging_assets.foundation.redaction import Redaction, plain_address
from messaging_assets.http.ways.asked_secrets import Asking, fits_header, issued_in, value_at
from messaging_assets.http.ways.plain_secrets import basic, replace_cookie, replace_field, replace_parameter
from messaging_assets.http.ways.signatures import Placeholders
from messaging_assets.http.wire.answer import Answer


class Session(Asking):
    """Logs in once for all requests of a sync, and anew where the session is refused."""

    def __init__(
        self, auth: SessionAuth, url: str, secrets: Mapping[str, str], redaction: Redaction, run: str | None = None
    ) -> None:
        super().__init__(url, issued_in(run, url, auth, sorted(secrets.items())))
        self._auth, self._secrets, self._redaction = auth, secrets, redaction
        self._hidden: Any = None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the session's values and cookies to a prepared request."""
        with self._issued.lock:
            if self._issued.value is None:
                self._issued.value = self._asked(self._logged_in)
            sent: dict[str, dict[str, str]] = self._issued.value
        if sent is not self._hidden:
            # Another list of the run may have logged in.
            self._redaction.add(*sent["cookies"].values(), *sent["secrets"].values())
            self._hidden = sent
        request.headers.update(sent["headers"])
        for name, value in sent["params"].items():
            replace_parameter(request, name, value)
        for name, value in sent["body"].items():
            replace_field(request, name, value)
        for name, value in sent["cookies"].items():
            replace_cookie(request, name, value)
        request.login = sent  # type: ignore[attr-defined]
        return request

    def renew(self, request: requests.PreparedRequest, refusal: Answer) -> bool:
        """Log in anew, unless another thread just did."""
        with self._issued.lock:
            if getattr(request, "login", None) is self._issued.value:
                self._issued.value = None
        self(request)
        return True

    def is_newest(self, request: requests.PreparedRequest) -> bool:
        """Whether a request was refused with the session of the last login."""
        with self._issued.lock:
            return getattr(request, "login", None) is self._issued.value

    def _logged_in(self) -> dict[str, dict[str, str]]:
        assert self.exchange is not None
        assert self.terms is not None
        takes_all = any("$" in (text, *re.findall(r"\{([^{}]+)\}", text)) for text in self._texts_sent())
        with_body = _as_text if takes_all else _with_body
        endpoint = self.terms.endpoint.model_copy(update={"response_actions": [with_body]})
        answer = self.exchange.answer(self._request(), replace(self.terms, endpoint=endpoint, sent_on="logged in"))
        if "location" in answer.headers and plain_address(
            urljoin(self.token_url, answer.headers["location"])
        ) == plain_address(self.token_url):
            raise CheckCredentials(
                f"{plain_address(self.token_url)} answered the login by sending back to it",
                "check the secrets that it sends",
                where=self.terms.asset,
            )
        cookies = {str(one.name): str(one.value or "") for one in answer.cookies}
        self._texts: dict[str, str] = {}
        values = {
            place: {name: self._filled(text, answer) for name, text in texts.items()}
            for place, texts in self._auth.sent.items()
        }
        if not any((cookies, *values.values())):
            raise CheckCredentials(
                f"{plain_address(self.token_url)} answered the login without a cookie",
                "name in auth.headers, auth.params or auth.body the values of its answer that are to be sent",
                where=self.terms.asset,
            )
        return {**values, "cookies": cookies, "secrets": self._texts}

    def _request(self) -> requests.PreparedRequest:
        login, secrets = self._auth.login, self._secrets
        fill = Placeholders(None, secrets).value
        headers = {"Accept": "application/json", **filled(login.headers, fill)}
        if login.encoding == "basic":
            headers["Authorization"] = basic(secrets["username"], secrets["password"], self._redaction)
        body = {field: secrets[name] for field, name in login.own_fields.items()} | filled(login.fields, fill)
        place = "params" if login.method == "GET" else "data" if login.encoding == "form" else "json"
        return requests.Request(login.method, self.token_url, headers=headers, **{place: body or None}).prepare()

    def _texts_sent(self) -> list[str]:
        return [text for texts in self._auth.sent.values() for text in texts.values()]

    def _filled(self, text: str, answer: Answer) -> str:
        template = text if "{" in text else f"{{{text}}}"
        return re.sub(r"\{([^{}]+)\}", lambda found: self._value(found[1], answer), template)

    def _value(self, path: str, answer: Answer) -> str:
        value: Any = value_at(answer.parsed, path)
        if path.startswith("header.") and value is None:
            value = answer.headers.get(path.removeprefix("header."))
        plain = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
        if not fits_header(plain):
            raise CheckCredentials(
                f"{plain_address(self.token_url)} answered the login without a usable {path}",
                "check the paths below auth, and the user's rights",
                where=self.terms.asset if self.terms else "",
            )
        if isinstance(value, str):
            self._texts[path] = plain
        return plain


def _with_body(answer: Answer) -> Answer | None:
    """Some say all in a cookie, by a 204 or without a body."""
    if answer.content.strip():
        return None
    answer.fill(b"{}", 200)
    return answer


def _as_text(answer: Answer) -> Answer | None:
    """Some answer with the token alone, as a text that is no JSON."""
    text = answer.content.strip().decode(errors="replace")
    if not text or not fits_header(text) or re.search(r"""[\s<>{}\[\]"]""", text):
        return _with_body(answer)
    answer.fill(json.dumps(text).encode(), 200)
    return answer
