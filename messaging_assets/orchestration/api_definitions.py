"""Everything that one API becomes in Dagster, put together."""

from collections.abc import Mapping
from typing import Any

from dagster import Definitions

from messaging_assets.assets.credentials import build_credentials, credentials_key
from messaging_assets.assets.resource_asset import build_assets
from messaging_assets.assets.translator import Translation
from messaging_assets.description.api import ApiDescription


def definitions_for(
    description: ApiDescription | Mapping[str, Any],
    name: str | None = None,
    credentials: Mapping[str, Any] | None = None,
    translation: Translation | None = None,
) -> Definitions:
    """Assets, checks, jobs, schedules and sensors of one API.

    Args:
        description: the API, in the shape of an API file; from Python it may hold callables, such as
            processing_steps.
        name: the API's name, where a file has its stem.
        credentials: values or EnvVars by field name (`api_key`, `base_url`, ...); what is left out is looked up
            in the environment and `.dlt/secrets.toml` at run time.
        translation: takes the asset that was made of a resource and the resource, and gives the asset as it is to be
            in this project: group, tags, owners, kinds, metadata, deps and so on, all but its key.

    Raises:
        MendDescription: the translation changes a key; write `key_prefix` in the file.
        InvalidDescription: the description is wrong; the text lists all its mistakes.
    """
    from messaging_assets.files.api_files import describe
    from messaging_assets.orchestration.jobs import build_jobs
    from messaging_assets.orchestration.schedules import build_schedules
    from messaging_assets.orchestration.sensors import build_sensors

    api = description if isinstance(description, ApiDescription) else describe(description, name or "")
    jobs = build_jobs(api)
    return Definitions(
        assets=build_assets(api, translation),
        jobs=jobs,
        schedules=build_schedules(api, jobs),
        sensors=build_sensors(api),
        resources={credentials_key(api.name): build_credentials(api, credentials)},
    )
