"""What a run may ask of a sync, in the launchpad or on the command line."""

from dagster import Config
from pydantic import Field


class SyncConfig(Config):
    """Run config of one resource's op."""

    full_refresh: bool = Field(
        default=False,
        description="Read everything anew in one load, drop the table and its state, and load it; a window's run "
        "leaves the table, and reads its window anew as always.",
    )
    forget_state: bool = Field(default=False, description="Read everything anew into the table as it is.")
    keep_mark: bool = Field(
        default=False, description="Go on from the cursor's mark although the file asks for something else now."
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
    def may_move(self) -> bool:
        """Whether the API may be asked at another address than before, as whoever runs it knows."""
        return self.full_refresh or self.keep_mark or self.allow_many_deletes
