"""The resource that holds an API's secrets and address, looked up when a step or tick needs them."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, ClassVar, Optional

from dagster import ConfigurableResource, EnvVar
from pydantic import BaseModel, Field, create_model

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.authentication import Auth, SessionAuth, TokenServerAuth, secrets_of, ways_of
from messaging_assets.description.names import variable
from messaging_assets.foundation.failures import MendDescription, SetSecret
from messaging_assets.foundation.identity import identity_of
from messaging_assets.foundation.redaction import may_be_token

# Dagster reads the fields' types at run time.
_TEXT = Optional[str]  # noqa: UP045


def credentials_key(api: str) -> str:
    """Under which key an API's credentials are among the resources."""
    return f"{api}_credentials"


class ApiCredentials(ConfigurableResource[Any]):
    """Secrets and address of one API.

    Each field takes a value or an EnvVar from whoever builds the resource in Python. Left empty, it is looked
    up inside the step: first the environment, then `.dlt/secrets.toml`. Nothing is looked up when the code
    location loads, so it loads with no secret set. Values are held apart from Dagster's configuration, which goes
    into snapshots, events and the UI.
    """

    held: ClassVar[Mapping[str, str]] = {}

    def look_up(self, api: str, name: str) -> str | None:
        """The value of a field: its own, the environment's, or that of dlt's secrets; None where none has it.

        Raises:
            SetSecret: what dlt's secrets have there is no text.
        """
        own = (getattr(self, name) if name in type(self).model_fields else None) or self.held.get(name)
        if own:
            return str(own)
        from_environment = os.environ.get(variable(api, name))
        if from_environment:
            return from_environment
        import dlt

        stored: Any = dlt.secrets.get(f"sources.{api}.{name}")
        # TOML writes a whole number as it was; of all else another text would be sent, which is none of the secrets.
        if isinstance(stored, bool) or not isinstance(stored, str | int | None):
            raise SetSecret(f"{name} under [sources.{api}] in .dlt/secrets.toml is no text", "write it there in quotes")
        return str(stored) if stored else None

    def sendable(self, api: str, name: str) -> str | None:
        """The value of a field, as `look_up` has it; None too where a sync refuses it."""
        with suppress(SetSecret):
            return self.look_up(api, name)
        return None

    def secrets_for(self, description: ApiDescription, resource: Resource) -> dict[str, str]:
        """The secrets that a resource's way of authentication needs, by field name.

        Raises:
            SetSecret: one is set in neither place; the text names both.
        """
        auth = description.auth_of(resource)
        values = {name: self.look_up(description.name, name) for name in secrets_of([auth])}
        missing = [name for name, value in values.items() if not value]
        if missing:
            variables = " and ".join(variable(description.name, name) for name in missing)
            alike = [one for name in missing if (one := _spelled_otherwise(variable(description.name, name)))]
            told = f"; {' and '.join(alike)} is, which is spelled otherwise" if alike else ""
            raise SetSecret(
                f"no {' and no '.join(missing)} is set{told}",
                f"set {variables} in the environment, or {' and '.join(missing)} under "
                f"[sources.{description.name}] in .dlt/secrets.toml",
                where=description.asset_of(resource),
            )
        return {name: value for name, value in values.items() if value}

    def all_secrets(self, description: ApiDescription) -> list[str]:
        """Every secret of the API that is set somewhere, to be hidden wherever it is echoed."""
        resources = description.resources_with_unselected.values()
        names = secrets_of(description.auth_of(resource) for resource in resources)
        set_ones = [value for name in names if (value := self.sendable(description.name, name))]
        return set_ones + self.secrets_in_address(description)

    def asked_by(self, description: ApiDescription, resources: Iterable[Resource]) -> str:
        """What changes with whose secrets are sent for lists, and says nothing of them: one byte of a digest of them.

        One byte misses one change of 256, and helps nobody who tries passwords.
        """
        ways = []
        for one in resources:
            auth = description.auth_of(one)
            # What the file does not say may have another default in the next version.
            said = auth.model_dump(exclude_unset=True) if isinstance(auth, BaseModel) else auth
            ways.append((said, self.secrets_for(description, one)))
        return identity_of(description.name, ways).digest[:2]

    def base_url_for(self, description: ApiDescription) -> str:
        """The API's address: the resource's or environment's, else the file's."""
        return self.look_up(description.name, "base_url") or description.client.base_url

    def secrets_in_address(self, description: ApiDescription) -> list[str]:
        """Parts of the address that may be a token."""
        parts = self.base_url_for(description).split("/")[3:]
        return [part for part in parts if may_be_token(part, description.client.base_url)]

    def token_url_for(self, description: ApiDescription, auth: Auth | None) -> str | None:
        """Where OAuth2 tokens or a session come from; None for other ways of authentication.

        Raises:
            MendDescription: OAuth2 without an address to ask.
        """
        login = next((way.login for way in ways_of(auth) if isinstance(way, SessionAuth)), None)
        if login is not None:
            return f"{self.base_url_for(description).rstrip('/')}/{login.path.lstrip('/')}"
        asking = next((way for way in ways_of(auth) if isinstance(way, TokenServerAuth)), None)
        if asking is None:
            return None
        address = self.look_up(description.name, "token_url") or asking.token_address
        if not address:
            raise MendDescription(
                "no token_url is given",
                f"add auth.token_url to the file or set {variable(description.name, 'token_url')}",
                where=description.name,
            )
        return address


def _spelled_otherwise(name: str) -> str | None:
    """A variable that is set, and whose name differs from one by underscores, hyphens or small letters alone."""
    bare = name.replace("_", "")
    found = (one for one in os.environ if one.upper().replace("_", "").replace("-", "") == bare)
    return next((one for one in found if one != name and os.environ[one]), None)


def credentials_in(resources: Any, description: ApiDescription) -> ApiCredentials:
    """The credentials of an API among the resources that an op has.

    Raises:
        MendDescription: the project has another resource of that name.
    """
    key = credentials_key(description.name)
    found = getattr(resources, key)
    if not isinstance(found, ApiCredentials):
        raise MendDescription(
            f"the project has a resource of its own named {key}",
            "give it another name, and values of the API's own to definitions_for, as credentials",
            where=description.name,
        )
    return found


def build_credentials(description: ApiDescription, values: Mapping[str, Any] | None = None) -> ApiCredentials:
    """The credentials resource of one API, with a field for each thing it can hold.

    Args:
        description: the API.
        values: values or EnvVars by field name, for who builds definitions in Python.

    Raises:
        MendDescription: a value has a name that is no field.
    """
    api = description.name
    auths = [description.auth_of(resource) for resource in description.resources_with_unselected.values()]
    names = secrets_of(auths)
    asks = any(isinstance(way, TokenServerAuth) for auth in auths for way in ways_of(auth))
    addresses = ["base_url"] + (["token_url"] if asks else [])
    fields: dict[str, Any] = {name: (_TEXT, Field(None, description=_where(api, name))) for name in names}
    for name in addresses:
        text = f"From {variable(api, name)}, else the API file's."
        fields[name] = (_TEXT, Field(None, description=text))
    given = {name: value for name, value in (values or {}).items() if value is not None}
    if strange := [name for name in given if name not in fields]:
        raise MendDescription(
            f"credentials has no field {', '.join(strange)}", f"allowed: {', '.join(fields)}", where=api
        )
    model: type[ApiCredentials] = create_model(
        f"{''.join(part.title() for part in api.split('_'))}Credentials",
        __base__=ApiCredentials,
        __doc__=f"Secrets and address of {api}; looked up inside each step, never stored.",
        **fields,
    )
    # On the class, because Dagster makes the resource anew from its configuration inside each step.
    model.held = {name: value for name, value in given.items() if not isinstance(value, EnvVar)}
    return model(**{name: value for name, value in given.items() if isinstance(value, EnvVar)})


def _where(api: str, name: str) -> str:
    return f"From {variable(api, name)} in the environment, else {name} under [sources.{api}] in .dlt/secrets.toml."
