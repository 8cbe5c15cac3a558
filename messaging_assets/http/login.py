"""Sessions: a login once for all requests of a sync."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import requests

from messaging_assets.description.authentication import SessionAuth
from messaging_assets.foundation.failures import CheckCredentials
from messaging_assets.foundation.redaction import Redaction, plain_address
from messaging_assets.http.asked_secrets import Asking, fits_header, value_at


class Session(Asking):
    """Logs in once for all requests of a sync, and anew where the session is refused."""

    def __init__(self, auth: SessionAuth, url: str, secrets: Mapping[str, str], redaction: Redaction) -> None:
        super().__init__(url)
        self._auth, self._secrets, self._redaction = auth, secrets, redaction
        self._headers: dict[str, str] = {}

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the session's headers to a prepared request."""
        with self._lock:
            if not self._headers:
                self._headers = self._logged_in()
            request.headers.update(self._headers)
        return request

    def renew(self, request: requests.PreparedRequest) -> None:
        """Log in anew, unless another thread just did."""
        with self._lock:
            if all(request.headers.get(name) == value for name, value in self._headers.items()):
                self._headers = {}
        self(request)

    def _logged_in(self) -> dict[str, str]:
        assert self.exchange is not None
        assert self.terms is not None
        login = self._auth.login
        body = {
            login.username_field: self._secrets["username"],
            login.password_field: self._secrets["password"],
        }
        sent = {"json": body} if login.encoding == "json" else {"data": body}
        request = requests.Request("POST", self.token_url, headers={"Accept": "application/json"}, **sent).prepare()
        answer = self.exchange.answer(request, self.terms)
        return {name: self._filled(text, answer.parsed) for name, text in self._auth.headers.items()}

    def _filled(self, text: str, answer: Any) -> str:
        template = text if "{" in text else f"{{{text}}}"
        return re.sub(r"\{([^{}]+)\}", lambda found: self._value(found[1], answer), template)

    def _value(self, path: str, answer: Any) -> str:
        value = value_at(answer, path)
        plain = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
        if not fits_header(plain):
            raise CheckCredentials(
                f"{plain_address(self.token_url)} answered the login without a usable {path}",
                "check auth.headers and the user's rights",
                where=self.terms.asset if self.terms else "",
            )
        if isinstance(value, str):
            self._redaction.add(plain)
        return plain
