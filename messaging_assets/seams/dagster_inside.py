"""What Dagster keeps out of its public names. Importing this imports Dagster, so what starts fast imports it late."""

from collections.abc import Mapping
from typing import Any

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition

# Since Dagster 1.13.1: metadata that is about to be stored, as it will be read back.
from dagster._core.definitions.metadata import normalize_metadata

# Since Dagster 1.13.1: the metadata key by which an asset's page links to its API file.
from dagster._core.definitions.metadata.source_code import CodeReferencesMetadataSet

# Since Dagster 1.13.1: asks an instance for schedules or for sensors.
from dagster._core.definitions.run_request import InstigatorType

# Since Dagster 1.13.1: the type of what `define_asset_job` gives.
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

# Since Dagster 1.13.1: whether a run ended because its process did.
from dagster._core.events import RunFailureReason

# Since Dagster 1.13.1: what an instance gives when it is asked for the last answer of a check.
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)

# Since Dagster 1.13.1: Dagster's own reading of cron lines, so that what passes here ticks there, at these moments.
from dagster._utils.schedules import CroniterShim, cron_string_iterator, is_valid_cron_schedule

# Since Dagster 1.13.1: the `translation` of a component, in the words of Dagster's own components.
from dagster.components.utils.translation import TranslationFn, TranslationFnResolver

__all__ = [
    "AlreadyBound",
    "AssetCheckExecutionRecord",
    "AssetCheckExecutionRecordStatus",
    "CodeReferencesMetadataSet",
    "CroniterShim",
    "InstigatorType",
    "RunFailureReason",
    "TranslationFn",
    "TranslationFnResolver",
    "UnresolvedAssetJobDefinition",
    "cron_string_iterator",
    "is_valid_cron_schedule",
    "keys_of_this_process",
    "normalize_metadata",
]


def keys_of_this_process(context: AssetExecutionContext) -> list[AssetKey]:
    """The assets that the run makes in this process and that wait for no other asset of it, in their order.

    Since Dagster 1.13.1: the plan of a process has the steps that are executed in it; that of a step with a process
    of its own has one.
    """
    step = context.get_step_execution_context()
    plan, layer = step.execution_plan, step.job_def.asset_layer
    alone = [plan.get_step_by_key(key) for key, waits_for in plan.get_executable_step_deps().items() if not waits_for]
    made = [layer.get_assets_def_for_node(one.node_handle) for one in alone]
    return [key for assets in made if assets is not None for key in assets.keys]


class AlreadyBound(AssetsDefinition):
    """An asset that looks at the resources which it asks for, and not at all that a code location has.

    Since Dagster 1.13.1: `with_resources` works out, for each asset, what every resource of the location requires,
    which takes 16 s for 1,000 APIs. An asset of this class is one of Dagster's in everything else.
    """

    def with_resources(self, resource_defs: Mapping[str, Any]) -> AssetsDefinition:
        """Bind the resources that it asks for; all of them where one of those asks for others."""
        wanted = {key: resource_defs[key] for key in self.required_resource_keys if key in resource_defs}
        is_alone = not any(one.get_required_resource_keys(resource_defs) for one in wanted.values())
        return super().with_resources(wanted if is_alone else resource_defs)
