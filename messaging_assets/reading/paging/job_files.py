"""Lists whose request begins a job: each of its files is a page, and the list is over with the last of them."""

from __future__ import annotations

from typing import Any

from messaging_assets.reading.paging.guarded import GuardedPaginator


class JobPaginator(GuardedPaginator):
    """Goes on until each file of the job came."""

    def advance(self, response: Any, sent: int) -> str | None:
        """See GuardedPaginator."""
        assert self.context.so_far.jobs is not None
        self.reading.position = self.reading.page
        if self.context.so_far.jobs.files_left(self.reading):
            return None
        many = self.reading.page > 1
        return f"the job is done, and all of its {self.reading.page} files came" if many else "the job is done"

    def doubt_of_end(self) -> str | None:
        """See GuardedPaginator; the file that came last may be one of several, of which the job named only some."""
        said, link = super().doubt_of_end(), self.reading.claims.signs.link
        if said or link is None or self.reading.is_whole_by_count:
            return said
        return f"the file that came last names a further one at {link}, which job.download does not lead to"
