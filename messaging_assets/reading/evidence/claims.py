"""What the API says of a list beside its rows: totals, other counts, and signs that more follows."""

from __future__ import annotations

from typing import Any

from messaging_assets.answers.beside_list import WITH_ECHOES, Leaf, beside, in_headers, list_names
from messaging_assets.answers.formats.texts import Records
from messaging_assets.answers.record_keys import whole_number
from messaging_assets.answers.signs_of_more import Signs, asked_sizes, is_full, signs_of_more
from messaging_assets.answers.watched_counts import WatchedCounts, words_of
from messaging_assets.description.api import Endpoint
from messaging_assets.description.pagination import OffsetPaginator, SizedPaginator
from messaging_assets.foundation.json_paths import place_of
from messaging_assets.reading.evidence.equal_rows import surplus
from messaging_assets.reading.evidence.usual_caps import END_OF_COUNTS
from messaging_assets.reading.times.echoed_range import unasked_range

# Where a body has its parameters, such as those of JSON-RPC, GraphQL and searches.
_SIZES_IN = ("params", "variables", "page", "paging", "pagination", "options")


class Claims:
    """What the API says of one list, page by page.

    Args:
        asset: the asset's name; its last word may stand in the name of a count.
        endpoint: the resource's endpoint as the file has it.

    Attributes:
        signs: what the answer that came last says of more.
        totals: every total at the file's own path, in order; only those to be believed.
        counts: the numbers beside the list.
        unasked: that its first page is of a range of time that was not asked for, as a clause; None where it is not.
    """

    def __init__(self, asset: str, endpoint: Endpoint) -> None:
        self._asset, self._endpoint = asset, endpoint
        self.signs = Signs()
        self.totals: list[int] = []
        self.counts = WatchedCounts()
        self.unasked: str | None = None
        self._leaves: list[Leaf] = []
        self._of_job = WatchedCounts()

    def watch(self, response: Any, selector: str | None, page: int, sent: int, position: Any) -> None:
        """Note what an answer with a page of the list says.

        Args:
            response: the answer.
            selector: what finds its list.
            page: the page's number.
            sent: how many rows it has.
            position: what it was asked with.
        """
        to_list = self._path(selector, response)
        self._leaves = _leaves(response, to_list)
        if page == 1:
            names = [*to_list[-1:], self._asset.partition(" ")[0].rpartition(".")[2]]
            self.counts = WatchedCounts(words_of(*names))
            said = beside(response.parsed, to_list, envelopes=WITH_ECHOES)
            self.unasked = unasked_range(said, response.request) if self.is_believed else None
        self.counts.page(self._leaves, sent)
        # A closing line is no row, so its counts would be compared with too many.
        closing = beside(response.parsed.closing, ()) if isinstance(response.parsed, Records) else ()
        self.signs = self._signs([*self._leaves, *closing], response, page, position)

    def watch_job(self, leaves: list[Leaf]) -> None:
        """Note what the answer of a job that is done counts; sizes and pages there are of its files."""
        self._of_job = WatchedCounts(words_of(self._asset.rpartition(".")[2]))
        self._of_job.page([leaf for leaf in leaves if "size" not in leaf.word], 0)

    def watch_without_list(self, response: Any, selector: str | None, page: int, position: Any) -> str | None:
        """What an answer without the list says of more, as a clause; None where it says nothing."""
        self._leaves = _leaves(response, self._path(selector, response))
        self.counts.page(self._leaves, 0)
        self.signs = self._signs(self._leaves, response, page, position)
        return f"{self.signs.link} names a next page" if self.signs.link and not self.signs.is_end_said else None

    def _path(self, selector: str | None, response: Any) -> tuple[str, ...]:
        selector = selector or self._endpoint.data_selector or ""
        return place_of(selector, response.parsed) if ".." in selector else list_names(selector)

    def _signs(self, leaves: list[Leaf], response: Any, page: int, position: Any) -> Signs:
        # What the file calls the next sync's cursor leads to no further page; a word beside it may.
        own = self._endpoint.incremental
        of_next_sync = list_names(own.cursor_path) if own and own.cursor_in in ("answer", "link") else None
        here = [leaf for leaf in leaves if leaf.is_header or leaf.names != of_next_sync]
        return signs_of_more(here, response.headers, page, [*_asked(self._endpoint).values(), position])

    def announce(self, total: Any) -> None:
        """Note a total of the API; texts that are numbers count, anything else is no statement."""
        if (number := whole_number(total)) is not None:
            self.totals.append(number)

    @property
    def total(self) -> int | None:
        """What the API said last of how many rows it has; None where it said nothing to be believed."""
        return self.totals[-1] if self.totals else None

    @property
    def first_and_last_total(self) -> tuple[int, ...]:
        """Two totals that show whether it moved; one where they are equal."""
        return tuple(dict.fromkeys((*self.totals[:1], *self.totals[-1:])))

    @property
    def is_believed(self) -> bool:
        """Whether the file lets counts of the API be compared with what came."""
        return self._endpoint.total != "ignore"

    @property
    def is_uncounted(self) -> bool:
        """Whether no number beside the list counts its rows or pages, so that nothing shows when it moves."""
        return not self.totals and not self.counts.is_any

    @property
    def are_rows_uncounted(self) -> bool:
        """The same of its rows alone: a number of pages stays as it is while a few rows move."""
        return not self.totals and not self.counts.is_any_of_rows

    @property
    def number_of_pages(self) -> tuple[int, str] | None:
        """How many pages the API says there are, where the file does not say it, and where that is."""
        return self.counts.number_of_pages if self.is_believed else None

    def surplus(self, rows: int, longest: int) -> str | None:
        """That a few of so many rows came twice, because the API counts fewer, as a clause; None where not."""
        return surplus(rows, self.totals, self.counts, longest)

    @property
    def asked_sizes(self) -> list[int]:
        """How many rows a page was asked to have, by the parameters' names."""
        return [size for size in map(whole_number, asked_sizes(_asked(self._endpoint))) if size]

    def is_full(self, sent: int, is_by_links: bool) -> bool:
        """Whether a page of so many rows holds as many as a page can."""
        return is_full(sent, self._leaves, _asked(self._endpoint), is_by_links)

    def agrees(self, rows: int) -> bool:
        """Whether a total says that so many rows are all."""
        return self.is_believed and self.counts.agrees(rows)

    def are_all(self, rows: int) -> bool:
        """Whether the API says, by a count or in so many words, that so many rows are all.

        A count where search engines stop to count shows it only where the file says that it is exact.
        """
        is_counted = self.agrees(rows) or (self.is_believed and self.total == rows)
        is_exact = self._endpoint.total == "exact" or rows != END_OF_COUNTS
        return self.signs.is_end_said or (is_counted and is_exact)

    def more_than(self, rows: int) -> str | None:
        """That a count of all rows is larger than what came, as a clause; None where none is."""
        return self.counts.more_than(rows) or self._of_job.more_than(rows)

    def stopped_at_bound(self, rows: int) -> str | None:
        """That just as many rows came as the API counts at most, as a clause; None where it counts them all."""
        return self.counts.stopped_at_bound(rows) if self.is_believed else None

    def moved(self, rows: int) -> str | None:
        """That a count which the file does not name moved while so many rows came, as a clause."""
        moved = self.counts.moved(rows)
        return f"{moved}; set endpoint.total to ignore if its count is not to be believed" if moved else None


def are_all_at_cap(claims: Claims, rows: int, are_all_pages: bool, is_exact: bool) -> bool:
    """Whether the API counts just these rows, though no request confirms that there are no more.

    A total must have said so before the last of them came: others are of the page, or of the rows so far.

    Args:
        claims: what the API says of the list.
        rows: how many came.
        are_all_pages: whether just as many pages came as it counted.
        is_exact: whether the file says that the count at its own path is exact.
    """
    signs, counts = claims.signs, claims.counts
    says_more = signs.said or signs.link or signs.token or claims.more_than(rows) or claims.stopped_at_bound(rows)
    if says_more or not claims.is_believed:
        return False
    if is_exact and claims.total == rows:
        return True
    totals = (claims.totals, *counts.totals) if rows != END_OF_COUNTS else ()
    return are_all_pages or any(len(one) > 1 and one[0] == one[-1] == rows for one in totals)


def _leaves(response: Any, to_list: tuple[str, ...]) -> list[Leaf]:
    return [*beside(response.parsed, to_list), *in_headers(response.headers)]


def _asked(endpoint: Endpoint) -> dict[str, Any]:
    """What the file asks for, by the parameters' names."""
    paginator = endpoint.paginator
    is_named = isinstance(paginator, SizedPaginator) and not isinstance(paginator, OffsetPaginator)
    # The largest that an API gives may be less than `max` asks for.
    limit = getattr(paginator, "limit", None) if is_named else None
    named = {"limit": limit} if isinstance(limit, int) else {}
    form = endpoint.data
    body = endpoint.json_body or (form if isinstance(form, dict) else {})
    parts = [body[part] for part in _SIZES_IN if isinstance(body.get(part), dict)]
    inside = {name: size for part in parts for name, size in part.items()}
    return {**inside, **body, **endpoint.params, **named}
