"""One authenticator for each way of authentication, shared by all lists that a sync, a tick or a look asks."""

from __future__ import annotations

import threading
from typing import Protocol

from requests.auth import AuthBase

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.authentication import Auth
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.authentication import authenticator


class Secrets(Protocol):
    """Where secrets and addresses are looked up: `ApiCredentials` in the room `assets`."""

    def all_secrets(self, description: ApiDescription) -> list[str]: ...
    def secrets_for(self, description: ApiDescription, resource: Resource) -> dict[str, str]: ...
    def token_url_for(self, description: ApiDescription, auth: Auth | None) -> str | None: ...


class Authenticators:
    """Makes authenticators, one for each way of authentication.

    Two authenticators of one client would ask for two tokens. On a server that keeps one live token a client, each
    new token revokes the other.

    Args:
        description: the API.
        credentials: its secrets and address.
        redaction: learns every secret, tokens included.
        run: Dagster's id of the run; its resources share tokens and sessions, where one process syncs them.
    """

    def __init__(
        self,
        description: ApiDescription,
        credentials: Secrets,
        redaction: Redaction,
        run: str | None = None,
    ) -> None:
        self._description, self._credentials, self._redaction, self._run = description, credentials, redaction, run
        redaction.add(*credentials.all_secrets(description))
        self._made: dict[str, AuthBase | None] = {}
        self._lock = threading.Lock()

    def of(self, resource: Resource) -> AuthBase | None:
        """What puts the secrets onto a resource's requests; None for an open list.

        Raises:
            SetSecret, MendDescription: a secret or the token's address is missing.
        """
        auth = self._description.auth_of(resource)
        way = repr(auth)
        with self._lock:
            if way not in self._made:
                secrets = self._credentials.secrets_for(self._description, resource)
                token_url = self._credentials.token_url_for(self._description, auth)
                place = self._description.asset_of(resource)
                self._made[way] = authenticator(auth, secrets, token_url, self._redaction, place, self._run)
            return self._made[way]
