"""The view of all accounts as an asset: each account's sync tells when it changed, and whether an account is missing.

It is an external asset: no run makes it, so that an account that fails keeps no other one from being seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dagster import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetSpec,
    asset_check,
)

from messaging_assets.assets.translator import METADATA, asset_key
from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.foundation.folders import settle_environment

EVERY = "every_account_is_synced"
_WORDS = "The last sync of every account loaded its rows."


def view_key(description: ApiDescription, resource: str) -> AssetKey:
    """The key of the view of all accounts of a resource."""
    assert description.tenancy is not None
    return asset_key(description.model_copy(update={"name": description.tenancy.api}), resource)


def account_specs(description: ApiDescription) -> list[AssetSpec]:
    """The views of an API with `account_column`, as external assets; its first account brings them for all."""
    return [_spec(description, one) for one in _first_of(description)]


def account_checks(description: ApiDescription) -> list[AssetChecksDefinition]:
    """The checks of those views, which can be run alone."""
    return [_check(description, one) for one in _first_of(description)]


def report_accounts(
    context: AssetExecutionContext, description: ApiDescription, resource: Resource, failure: SyncFailure | None
) -> None:
    """Tell Dagster of the view of all accounts, where there is one, once a sync of one of them is over.

    Args:
        context: of the op that synced.
        description: the API of that account.
        resource: the resource.
        failure: why the sync failed; None where it did not.
    """
    is_synced = asset_key(description, resource.name) in context.selected_asset_keys
    if description.tenancy is None or not is_synced:
        return
    key, account = view_key(description, resource.name), description.tenancy.account
    try:
        ended = _ended(description, resource)
    except Exception as error:  # noqa: BLE001 - what the sync itself says is more, and is said all the same
        context.log.warning("%s: its accounts could not be judged: %s", description.name, type(error).__name__)
        return
    ended[account] = ("failed", str(failure)) if failure else ("synced", "")
    found = _judged(ended)
    if failure is None:
        metadata = {f"{METADATA}/account": account}
        context.instance.report_runless_asset_event(AssetMaterialization(key, metadata=metadata))
    context.instance.report_runless_asset_event(
        AssetCheckEvaluation(key, EVERY, passed=not found, metadata=found, severity=AssetCheckSeverity.ERROR)
    )


def _first_of(description: ApiDescription) -> Iterator[Resource]:
    if description.tenancy and description.tenancy.is_first:
        yield from description.resources_in_full.values()


def _spec(description: ApiDescription, resource: Resource) -> AssetSpec:
    tenancy = description.tenancy
    assert tenancy is not None
    names, shown = [f"{tenancy.api}_{account}" for account in tenancy.accounts], ", ".join(tenancy.accounts)
    return AssetSpec(
        key=view_key(description, resource.name),
        deps=[asset_key(description.model_copy(update={"name": name}), resource.name) for name in names],
        description=f"Rows of all accounts ({shown}), told apart by {description.account_column}.",
        group_name=description.group or tenancy.api,
        kinds={"view"},
        metadata={f"{METADATA}/primary_key": ", ".join([str(description.account_column), *resource.keys])},
    )


def _check(description: ApiDescription, resource: Resource) -> AssetChecksDefinition:
    @asset_check(asset=view_key(description, resource.name), name=EVERY, description=_WORDS)
    def every_account_is_synced() -> AssetCheckResult:
        found = _judged(_ended(description, resource))
        return AssetCheckResult(passed=not found, metadata=found, severity=AssetCheckSeverity.ERROR)

    return every_account_is_synced


def _ended(description: ApiDescription, resource: Resource) -> dict[str, tuple[str, str]]:
    from messaging_assets.loading.table.account_view import last_syncs

    return last_syncs(description, resource, settle_environment().make())


def _judged(ended: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """The accounts whose rows are missing or old, and why, by name."""
    return {account: f"{state}: {why}" for account, (state, why) in ended.items() if state != "synced"}
