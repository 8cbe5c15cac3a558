"""Everything that one API becomes in Dagster, put together."""

import os
from collections.abc import Mapping
from typing import Any

from dagster import Definitions

from messaging_assets.assets.checks import account_checks
from messaging_assets.assets.credentials import build_credentials, credentials_key
from messaging_assets.assets.resource_asset import build_assets
from messaging_assets.assets.translator import ApiTranslator, Translation, account_views, view_spec
from messaging_assets.description.api import ApiDescription
from messaging_assets.destination.unreadable_settings import telling_what_stops_dlt
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.folders import switch_telemetry_off
from messaging_assets.seams.dagster_inside import has_sqlite_storage


@telling_what_stops_dlt()
def definitions_for(
    description: ApiDescription | Mapping[str, Any] | str | os.PathLike[str],
    name: str | None = None,
    credentials: Mapping[str, Any] | None = None,
    translation: Translation | None = None,
    translator: type[ApiTranslator] = ApiTranslator,
) -> Definitions:
    """Assets, checks, jobs, schedules and sensors of one API.

    Args:
        description: the API, in the shape of an API file; from Python it may hold callables, such as
            processing_steps. Or the path of an API file.
        name: the API's name, where a file has its stem.
        credentials: values or EnvVars by field name (`api_key`, `base_url`, ...); what is left out is looked up
            in the environment and `.dlt/secrets.toml` at run time.
        translation: takes the asset that was made of a resource and the resource, and gives the asset as it is to be
            in this project: group, tags, owners, kinds, metadata, deps and so on, all but its key.
        translator: the same as a class, whose `get_asset_spec` a project overrides as that of `DagsterDltTranslator`.

    Raises:
        InvalidDescription: the description is wrong; the text lists all its mistakes.
        MendDescription: translation or translator changes a key (write `key_prefix` in the file), or one set of
            credentials is given for several accounts.
        MendSettings: dlt does not begin with its settings; the text names the file and line, or the setting.
    """
    from messaging_assets.files.api_files import describe_accounts, read_apis
    from messaging_assets.orchestration.automation.jobs import build_jobs
    from messaging_assets.orchestration.automation.schedules import build_schedules
    from messaging_assets.orchestration.automation.sensors import build_sensors

    switch_telemetry_off()
    if has_sqlite_storage():
        from messaging_assets.seams.dagster_storage import remember_storage

        remember_storage()
    if not isinstance(description, ApiDescription):
        given: Any = description
        # A text of YAML is no path, and may be long.
        is_path = isinstance(given, os.PathLike) or (isinstance(given, str) and ": " not in given)
        found = read_apis(given, name) if is_path else describe_accounts(given, name or "")
        for error in found.broken.values():
            raise error
        if credentials and len(found.descriptions) > 1:
            reader = "read_apis" if is_path else "describe_accounts"
            raise MendDescription(
                "credentials are those of one account, and the description has several",
                f"read it with {reader}, and call definitions_for for each of them",
                where=name or "",
            )
        every = [definitions_for(one, None, credentials, translation, translator) for one in found.descriptions]
        return Definitions.merge(*every)
    api = description
    jobs = build_jobs(api)
    return Definitions(
        assets=[*build_assets(api, translation, translator), *(view_spec(api, one) for one in account_views(api))],
        asset_checks=account_checks(api),
        jobs=jobs,
        schedules=build_schedules(api, jobs),
        sensors=build_sensors(api),
        resources={credentials_key(api.name): build_credentials(api, credentials)},
    )
