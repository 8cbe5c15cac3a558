"""What Dagster keeps out of its public names. Importing this imports Dagster, so what starts fast imports it late."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from dagster import (
    AssetCheckKey,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    Definitions,
    ExecutorDefinition,
    Field,
    JobDefinition,
    RepositoryDefinition,
    ResourceDefinition,
)

# Since Dagster 1.13.1: all assets of a location, or those that one job knows.
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

# Since Dagster 1.13.1: the job of which every selection of assets is a part.
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME

# Since Dagster 1.13.1: a schema of configuration that is read already is taken as it is.
from dagster._core.definitions.definition_config_schema import (
    IDefinitionConfigSchema,
    convert_user_facing_definition_config_schema,
)

# Since Dagster 1.13.1: whether the process only carries out what another one has planned.
from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext, DefinitionsLoadType

# Since Dagster 1.13.1: metadata that is about to be stored, as it will be read back.
from dagster._core.definitions.metadata import normalize_metadata

# Since Dagster 1.13.1: the metadata key by which an asset's page links to its API file.
from dagster._core.definitions.metadata.source_code import CodeReferencesMetadataSet

# Since Dagster 1.13.1: what the repository of a code location with one set of definitions is called.
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME

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
    "JobOfFew",
    "ReadConfig",
    "RepositoryInParts",
    "RunFailureReason",
    "TranslationFn",
    "TranslationFnResolver",
    "UnresolvedAssetJobDefinition",
    "cron_string_iterator",
    "is_run",
    "is_valid_cron_schedule",
    "keys_of_this_process",
    "normalize_metadata",
]


# Builds the definitions that may hold these names; None where it cannot tell which.
Part = Callable[[AbstractSet[str]], Definitions | None]
# Since Dagster 1.13.1: the module of its events in SQLite.
SQLITE_EVENTS = "dagster._core.storage.event_log.sqlite.sqlite_event_log"
# The packages of Dagster that load a code location.
_LOADERS = ("dagster", "dagster_shared")


def is_op_of_job(context: AssetExecutionContext, name: str) -> bool:
    """Whether a run's job has an op of a name, also where the run takes some of its assets alone."""
    job = context.job_def
    while job.asset_selection_data is not None:
        job = job.asset_selection_data.parent_job_def
    return job.has_node_named(name)


def has_sqlite_storage() -> bool:
    """Whether this process has Dagster's storage in SQLite, which takes 80 MB to import."""
    return SQLITE_EVENTS in sys.modules


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


class ReadConfig(dict[str, Any], IDefinitionConfigSchema):
    """The fields of a configuration, which Dagster reads once, where it would read them anew for each op."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__(fields)
        self._read = convert_user_facing_definition_config_schema(dict(fields))

    def as_field(self) -> Field:
        """See IDefinitionConfigSchema."""
        return self._read.as_field()


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


class JobOfFew(UnresolvedAssetJobDefinition):
    """A job that looks at its own assets, what they are made of, and the resources that they ask for.

    Since Dagster 1.13.1: each job has all resources of its location in its configuration. To go through them for each
    job takes six minutes for 1,000 APIs. It is one of Dagster's in everything else.
    """

    def resolve(
        self,
        asset_graph: AssetGraph,
        default_executor_def: ExecutorDefinition | None = None,
        resource_defs: Mapping[str, ResourceDefinition] | None = None,
    ) -> JobDefinition:
        """The job, as if the location had nothing else; with all resources where one that it needs asks for others."""
        known: dict[AssetKey, None] = {}
        coming = [*self.selection.resolve(asset_graph)]
        checks = [check for key in coming for check in asset_graph.get(key).check_keys]
        while coming:
            key = coming.pop()
            known[key] = None
            coming += [one for one in asset_graph.get(key).parent_keys if one not in known]
        own = asset_graph.assets_defs_for_keys([*known, *checks])
        every = resource_defs or {}
        wanted = {key: every[key] for one in own for key in one.required_resource_keys if key in every}
        is_alone = not any(one.get_required_resource_keys(every) for one in wanted.values())
        return super().resolve(AssetGraph.from_assets(own), default_executor_def, wanted if is_alone else every)


def is_run() -> bool:
    """Whether a process carries out a run or a step, for which it needs one job.

    Not where a module of a project's own imports the definitions: it may merge them with others.
    """
    is_reconstruction = DefinitionsLoadContext.get().load_type is DefinitionsLoadType.RECONSTRUCTION
    return is_reconstruction and _importer_of("messaging_assets.definitions").partition(".")[0] in ("", *_LOADERS)


def _importer_of(module: str) -> str:
    """The module that imports another one at this moment; empty where nobody does."""
    frame = inspect.currentframe()
    while frame and (frame.f_globals.get("__name__"), frame.f_code.co_name) != (module, "<module>"):
        frame = frame.f_back
    while frame and str(frame.f_globals.get("__name__")).partition(".")[0] in ("messaging_assets", "importlib"):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__")) if frame else ""


class RepositoryInParts(RepositoryDefinition):
    """Gives the jobs of runs out of parts, and becomes the whole as soon as anything else of it is asked for.

    Args:
        part: builds a part.
        whole: builds all.
    """

    def __init__(self, part: Part, whole: Callable[[], Definitions]) -> None:
        self._build_part, self._build_whole = part, whole
        self._parts: dict[frozenset[str], RepositoryDefinition | None] = {}

    # Known without building anything.
    name = SINGLETON_REPOSITORY_NAME
    repository_load_data = None

    def __getattr__(self, name: str) -> Any:
        _become(self, self._build_whole().get_repository_def(), name)
        return getattr(self, name)

    def get_job(self, name: str) -> JobDefinition:
        """A job; that of all assets is built once somebody looks into it, because a run wants a few of them."""
        if name == IMPLICIT_ASSET_JOB_NAME:
            return _LaterJob(lambda: super(RepositoryInParts, self).get_job(name))
        part = self._part_with({name})
        return part.get_job(name) if part and part.has_job(name) else super().get_job(name)

    def get_maybe_subset_job_def(
        self,
        job_name: str,
        op_selection: Iterable[str] | None = None,
        asset_selection: AbstractSet[AssetKey] | None = None,
        asset_check_selection: AbstractSet[AssetCheckKey] | None = None,
    ) -> JobDefinition:
        """A job, or what is selected of it."""
        selected: dict[str, Any] = {
            "op_selection": op_selection,
            "asset_selection": asset_selection,
            "asset_check_selection": asset_check_selection,
        }
        checks = asset_check_selection or set()
        keys = {*(asset_selection or ()), *(one.asset_key for one in checks)}
        if job_name == IMPLICIT_ASSET_JOB_NAME and keys:
            part = self._part_with({word for key in keys for word in key.path})
            if part and part.has_job(job_name):
                graph = part.asset_graph
                if keys <= graph.executable_asset_keys and checks <= graph.asset_check_keys:
                    return part.get_job(job_name).get_subset(**selected)
        job = self.get_job(job_name)
        return job.get_subset(**selected) if op_selection or keys else job

    def _part_with(self, names: AbstractSet[str]) -> RepositoryDefinition | None:
        wanted = frozenset(names)
        if wanted not in self._parts:
            part = self._build_part(wanted)
            self._parts[wanted] = part.get_repository_def() if part else None
        return self._parts[wanted]


class _LaterJob(JobDefinition):
    """A job that is built when anything of it is asked for."""

    def __init__(self, build: Callable[[], JobDefinition]) -> None:
        self._build = build

    def __getattr__(self, name: str) -> Any:
        _become(self, self._build(), name)
        return getattr(self, name)


def _become(one: Any, other: Any, name: str) -> None:
    """Take over all that another object of the same class holds.

    Raises:
        AttributeError: it has not what is asked for either.
    """
    if name not in vars(other):
        raise AttributeError(name)
    vars(one).update(vars(other))
