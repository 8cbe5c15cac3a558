"""What a file can say where an API refuses a request, as the next step of a sentence."""

from __future__ import annotations

from messaging_assets.description.endpoint import Endpoint
from messaging_assets.description.jobs import gives_changes_alone
from messaging_assets.description.pagination import CursorPaginator

_END = "if this is how the API says that no page is left, declare it in the paginator's end_status_codes"
_LINKS = ("json_link", "json_response")
_A_LINK = (
    "let a template of the parent's steps make a link with it, such as {link: '/v1/{name}'}, and begin path with it"
)


def what_to_declare(endpoint: Endpoint | None, status: int, page: int, has_slash: bool = False) -> str:
    """The next step after an error status that says that something is wrong with the request.

    Args:
        endpoint: what was asked; None where that is no list.
        status: the status.
        page: the page that was asked for.
        has_slash: whether a value in its address has a slash, which went as `%2F`.
    """
    step = "compare path, params and paginator in the file with the API's documentation"
    if page > 1 and status in (400, 404, 416, 422):
        step = f"{_END}{_of_next_page(endpoint, status)}"
    if endpoint is None:
        return step
    if page > 1 and status in (400, 413, 416, 422) and not endpoint.has_cursor:
        step += "; if it goes no further than so many rows, ask for less in one list, such as by step in incremental"
    if page == 1 and status in (404, 410) and "{resources." in str(endpoint.path):
        step = _of_parent(status, has_slash)
    elif page == 1:
        step = _of_first_page(endpoint, status, step)
    if endpoint.has_cursor and status in (400, 413, 416, 422):
        step += f"; {_of_range(endpoint, page)}"
    own = endpoint.incremental
    if page == 1 and status in (400, 422) and own and own.format is None and own.cursor_in is None:
        step += "; if it takes moments that are written otherwise, write format, such as date or epoch_seconds"
    return step


def _of_parent(status: int, has_slash: bool) -> str:
    """What the refusal of a parent's own list may mean."""
    step = f"write response_actions: [{{status_code: {status}, action: empty}}] if it means that a parent has no "
    step += "rows, or action: ignore if it may mean that they cannot be read"
    if has_slash:
        return f"the parent's value has a slash, sent as %2F; if the API wants it as it is, {_A_LINK}; else {step}"
    return step


def _of_first_page(endpoint: Endpoint, status: int, step: str) -> str:
    """What else the refusal of a first page may mean, behind the usual step or in its place."""
    if status == 404 and endpoint.incremental and endpoint.incremental.first_mark:
        return f"{step}; {_of_forgotten(endpoint, status)}"
    if status in (304, 404) and endpoint.has_cursor:
        step = "" if status == 304 else f"{step}; "
        return (
            f"{step}if it means that nothing is new, write response_actions: [{{status_code: {status}, action: empty}}]"
        )
    return _of_forgotten(endpoint, status) if status == 410 and endpoint.has_cursor else step


def _of_forgotten(endpoint: Endpoint, status: int) -> str:
    """What to do if the refusal means that the API does not know the last sync's token any more, as a clause."""
    step = "if the API has forgotten the token of the last sync, "
    if endpoint.incremental and gives_changes_alone(endpoint.incremental.first_mark):
        return f"{step}run it with forget_state, which begins behind what changed since"
    return f"{step}write response_actions: [{{status_code: {status}, action: restart}}], or run it with full_refresh"


def _of_next_page(endpoint: Endpoint | None, status: int) -> str:
    """What else may be wrong with the request for a page behind the first, as a clause."""
    paginator = endpoint and endpoint.paginator
    if status == 422:
        return ""
    if isinstance(paginator, CursorPaginator) and paginator.next_request is None:
        return "; if it takes nothing beside the token, write next_request: {} in the paginator"
    if isinstance(paginator, CursorPaginator) and paginator.limit:
        return "; if it takes no size beside the token, write it in endpoint.params in place of the paginator's limit"
    if getattr(paginator, "type", "offset") == "offset":
        return "; if it takes no offset within a page, write overlap: 0"
    if status == 404 and getattr(paginator, "type", "") in _LINKS:
        return "; if the next page's address lacks a part, take its token by type: cursor and cursor_param"
    return ""


def _of_range(endpoint: Endpoint, page: int) -> str:
    """What to do if the refusal means that a range is too long, or has too many rows, as a clause."""
    if not endpoint.has_step:
        return "if it takes no range so long, or gives no more rows of one, write step in incremental, such as P1D"
    if page > 1:
        return "if it gives no more rows of one range, write maximum_results in incremental"
    return "if it takes no range so long, write a shorter step"
