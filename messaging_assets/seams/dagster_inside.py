"""What Dagster keeps out of its public names. Importing this imports Dagster, so what starts fast imports it late."""

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
    "normalize_metadata",
]
