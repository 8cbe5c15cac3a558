"""What a run may ask of a sync, in the launchpad or on the command line."""

from collections.abc import Callable, Mapping
from typing import Any

from dagster import AssetExecutionContext, Config, DagsterError
from pydantic import Field

from messaging_assets.description.api import ApiDescription
from messaging_assets.destination.names import pipeline_name
from messaging_assets.foundation.failures import MendDescription


class SyncConfig(Config):
    """Run config of one resource's op."""

    full_refresh: bool = Field(
        default=False,
        description="Read everything anew in one load, drop the table and its state, and load it; a window's run "
        "leaves the table, and reads its window anew as always.",
    )
    forget_state: bool = Field(default=False, description="Read everything anew into the table as it is.")
    keep_mark: bool = Field(
        default=False,
        description="Go on from the cursor's mark although the file asks for something else now, or rows before it "
        "were in doubt or are gone.",
    )
    read_from: str | None = Field(
        default=None,
        description="Read rows from this value of the cursor on once more, such as 2026-11-20 or -7d, into the table "
        "as it is.",
    )
    allow_many_deletes: bool = Field(
        default=False,
        description="Let more rows go at once than maximum_deleted_share allows, or all from another address.",
    )

    @property
    def is_anew(self) -> bool:
        """Whether everything is read from its beginning."""
        return self.full_refresh or self.forget_state

    @property
    def asks_again(self) -> bool:
        """Whether rows are asked for that an earlier read may have brought, so that none of it is gone on with."""
        return self.is_anew or self.read_from is not None

    @property
    def may_move(self) -> bool:
        """Whether the API may be asked at another address than before, as whoever runs it knows."""
        return self.full_refresh or self.keep_mark or self.allow_many_deletes


def config_of(context: AssetExecutionContext, asset: str) -> SyncConfig:
    """What a run asks of a sync.

    Raises:
        MendDescription: there is no run, because the asset was called as a function.
    """
    try:
        _ = context.run
    except DagsterError:
        raise MendDescription(
            "it was called as a function, and a sync needs a run", "call dagster.materialize([...])", where=asset
        ) from None
    return SyncConfig(**context.op_execution_context.op_config)


def refuse_config_of_no_op(
    run_config: Mapping[str, Any], description: ApiDescription, name: str, is_op: Callable[[str], bool]
) -> None:
    """Stop where a run's config is for an op that is none: Dagster passes over it, and the run would be green without.

    Args:
        run_config: the run's.
        description: the API.
        name: the resource that is synced.
        is_op: whether an op of the run's job has a name.

    Raises:
        MendDescription: a name that can only be meant for this API is none of its ops.
    """
    known = description.resources_with_unselected
    ops = {pipeline_name(description.name, one) for one in known}
    for op in run_config.get("ops") or {}:
        # Of names beside these, those of a project's own ops are not known here.
        is_meant = op.startswith(f"{description.name}__") or op in known or not op.isidentifier()
        if is_meant and op not in ops and not is_op(op):
            raise MendDescription(
                f"the run's config is for '{op}', which is no op",
                f"write {pipeline_name(description.name, name)} under ops, or take it out",
                where=f"{description.name}.{name}",
            )
