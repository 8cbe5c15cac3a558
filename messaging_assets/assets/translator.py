"""From a dlt resource to its Dagster asset: key, group, kinds, words, columns, lineage, link to the file."""

import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dagster import (
    AssetDep,
    AssetExecutionContext,
    AssetKey,
    AssetSpec,
    AutomationCondition,
    BetaWarning,
    CodeReferencesMetadataValue,
    FreshnessPolicy,
    LocalFileCodeReference,
    MetadataValue,
)

from messaging_assets.assets.metadata.column_schema import declared_schema
from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.automation import Automation, Freshness
from messaging_assets.description.names import identifier
from messaging_assets.description.parents import tables_above
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.redaction import plain_address
from messaging_assets.seams.dagster_dlt import DagsterDltTranslator, DltResourceTranslatorData
from messaging_assets.seams.dagster_inside import CodeReferencesMetadataSet

METADATA = "messaging_assets"


# Changes the asset of a resource: Dagster's own form of it, as in the `translation` of its components.
Translation = Callable[[AssetSpec, Resource], AssetSpec]


def asset_key(description: ApiDescription, resource: str) -> AssetKey:
    """The key of a resource's asset."""
    return AssetKey([*description.key_prefix, description.name, resource])


def endpoint_key(description: ApiDescription) -> AssetKey:
    """The key of the external asset that stands for an API."""
    return asset_key(description, "endpoint")


@dataclass
class ApiTranslator(DagsterDltTranslator):
    """Describes one resource as an asset; upstream are its parents' tables, and the API where the file wants it.

    A subclass for a project's own assets overrides `get_asset_spec`, as one of dagster-dlt's translator does.
    """

    description: ApiDescription
    resource: Resource
    translation: Translation | None = None

    def get_asset_spec(self, data: DltResourceTranslatorData) -> AssetSpec:
        """The asset of a dlt resource (dagster-dlt's one point of extension)."""
        spec = self._own_spec(data)
        return spec if self.translation is None else self.translation(spec, self.resource)

    def checked(self, spec: AssetSpec) -> AssetSpec:
        """An asset as a project translated it.

        Raises:
            MendDescription: it has another key.
        """
        key = asset_key(self.description, self.resource.name)
        if spec.key != key:
            raise MendDescription(
                f"its translation gives it the key {spec.key.to_user_string()}, and jobs, sensors and the "
                f"command line find it as {key.to_user_string()}",
                "leave the key as it is, and write key_prefix in the file",
                where=self.description.asset_of(self.resource),
            )
        return spec

    def _own_spec(self, data: DltResourceTranslatorData) -> AssetSpec:
        resource = self.resource
        destination = data.destination.destination_type.rsplit(".", 1)[-1] if data.destination else None
        # Only what is said here is ours; what else dagster-dlt says of a resource (storage_kind, partitions) stays.
        theirs = super().get_asset_spec(data)
        return theirs.replace_attributes(
            key=asset_key(self.description, resource.name),
            deps=list(self._deps()),
            description=resource.description or self._words(),
            group_name=self.description.group or self.description.name,
            kinds=set(resource.kinds) or {"dlt", *([destination] if destination else [])},
            owners=resource.owners,
            tags=resource.tags,
            metadata={**theirs.metadata, **self._metadata()},
            freshness_policy=_freshness(resource.freshness),
            automation_condition=_automation(resource.automation),
        )

    def _deps(self) -> Iterator[AssetDep]:
        if self.description.lineage == "endpoints":
            yield AssetDep(endpoint_key(self.description))
        for parent in tables_above(self.description, self.resource):
            yield AssetDep(asset_key(self.description, parent))

    def _words(self) -> str:
        return f"Rows of {self.resource.path}. {self.description.description or ''}".strip()

    def _metadata(self) -> dict[str, object]:
        resource = self.resource
        metadata: dict[str, object] = {
            f"{METADATA}/address": f"{self.description.client.base_url.rstrip('/')}/{resource.path.lstrip('/')}",
            f"{METADATA}/write_disposition": resource.disposition,
            f"{METADATA}/primary_key": ", ".join(resource.keys) or "none",
            # dagster-dlt names the table alone, which several datasets may have.
            "dagster/table_name": f"{identifier(self.description.dataset_name)}.{identifier(resource.table)}",
        }
        # Where the page of `messaging-assets report` is served is known to nobody but whoever serves it.
        address = os.environ.get("MESSAGING_ASSETS_REPORT_URL", "")
        if address.startswith(("http://", "https://")):
            metadata[f"{METADATA}/report"] = MetadataValue.url(plain_address(address))
        if resource.columns:
            metadata["dagster/column_schema"] = declared_schema(resource)
        if self.description.file:
            reference = _reference(self.description.file, self.description.line_of(resource))
            metadata.update(CodeReferencesMetadataSet(code_references=reference))
        return metadata


def refuse_other_key(context: AssetExecutionContext, key: AssetKey, asset: str) -> None:
    """Stop where a project renamed the asset; its op would find nothing to do, and its run would be green.

    Raises:
        MendDescription: says where a prefix is written.
    """
    asked = {*context.selected_asset_keys, *(one.asset_key for one in context.selected_asset_check_keys)}
    if strange := asked - {key}:
        raise MendDescription(
            f"its asset is called {min(strange).to_user_string()} here, and {key.to_user_string()} where it is made",
            "leave the key as it is, and write key_prefix in the file",
            where=asset,
        )


def _reference(file: str, line: int) -> CodeReferencesMetadataValue:
    """The link from an asset's page to its place in the API file."""
    with warnings.catch_warnings():
        # That Dagster calls code references beta is nothing that a reader of the log can act upon.
        warnings.simplefilter("ignore", BetaWarning)
        place = LocalFileCodeReference(file_path=file, line_number=line, label="API file")
        return CodeReferencesMetadataValue(code_references=[place])


def endpoint_spec(description: ApiDescription) -> AssetSpec:
    """The API as an external asset, with its address as the API file has it."""
    return AssetSpec(
        key=endpoint_key(description),
        description=description.description or "The API; read, never written.",
        group_name=description.group or description.name,
        kinds={"api"},
        metadata={f"{METADATA}/address": description.client.base_url},
    )


def view_key(description: ApiDescription, resource: Resource) -> AssetKey:
    """The key of the view of all accounts of a resource."""
    return asset_key(description.as_account(None), resource.name)


def account_views(description: ApiDescription) -> list[Resource]:
    """The resources of which an API brings the view of all accounts; its first account brings them for all."""
    tenancy = description.tenancy
    return list(description.resources_in_full.values()) if tenancy and tenancy.is_first else []


def view_spec(description: ApiDescription, resource: Resource) -> AssetSpec:
    """The view of all accounts as an external asset: no run makes it, so that one that fails hides no other one."""
    tenancy, column = description.tenancy, str(description.account_column)
    assert tenancy is not None
    return AssetSpec(
        key=view_key(description, resource),
        deps=[asset_key(description.as_account(account), resource.name) for account in tenancy.datasets],
        description=f"Rows of all accounts ({', '.join(tenancy.datasets)}), told apart by {column}.",
        group_name=description.group or tenancy.api,
        kinds={"view"},
        metadata={f"{METADATA}/primary_key": ", ".join([column, *resource.keys])},
    )


def _freshness(freshness: Freshness | None) -> FreshnessPolicy | None:
    from datetime import timedelta

    if freshness is None:
        return None
    warn = timedelta(hours=freshness.warn_after) if freshness.warn_after else None
    return FreshnessPolicy.time_window(fail_window=timedelta(hours=freshness.fail_after), warn_window=warn)


def _automation(automation: Automation | None) -> AutomationCondition[Any] | None:
    if automation is None:
        return None
    if automation.condition == "on_cron":
        return AutomationCondition.on_cron(automation.cron or "@hourly")
    return {"eager": AutomationCondition.eager, "on_missing": AutomationCondition.on_missing}[automation.condition]()
