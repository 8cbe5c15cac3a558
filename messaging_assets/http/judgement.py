"""What an answer means: rows to read, the end of a list, or trouble."""

from __future__ import annotations

from typing import Any

from messaging_assets.answers.declared_values import has_value, is_error_at
from messaging_assets.answers.formats.archives import TooFar
from messaging_assets.answers.formats.json_text import Unreadable, WrongFormat
from messaging_assets.answers.formats.texts import Records
from messaging_assets.description.api import Client
from messaging_assets.description.authentication import is_signed, secrets_of
from messaging_assets.description.endpoint import says_nothing_of_rows
from messaging_assets.description.jobs import Job
from messaging_assets.description.names import variable
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import CheckCredentials, MendDescription, TryAgainLater
from messaging_assets.http.trouble import (
    Trouble,
    about_clock,
    broken_on_the_way,
    refused,
)
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.rate_limits import asked_to_wait, wait_told_in
from messaging_assets.http.wire.spool import NoRoom
from messaging_assets.http.wire.terms import Ignored, Terms
from messaging_assets.http.wire.validators import Unchanged, other_than

# Statuses that say nothing of a list where they come with a wait: the API is at its limit.
_AT_LIMIT = frozenset({403, 420, 429, 503})


def judged(answer: Answer, terms: Terms, client: Client) -> Answer | Trouble:
    """An answer with its body read, or what is wrong with it.

    Args:
        answer: what came.
        terms: on what terms it was asked for.
        client: the API in the file.

    Raises:
        Ignored: it ends the list, as the file declares.
        Unchanged: it says that the list is the one that is known.
    """
    if terms.sent_on == "logged in" and answer.cookies and 300 <= answer.status_code < 400:
        answer.fill(b"{}", 200)
    if later := _leave_if_over(answer, terms, client):
        return later
    if is_renewed_by(answer, terms, client):
        words = f"answered {answer.status_code} as to a login or token that is over, right behind a new one"
        step = "check the credentials and what may be read with them, or correct response_actions"
        return Trouble(words, step, CheckCredentials, False, str(answer.status_code))
    if answer.status_code >= 300:
        repeat = answer.status_code in terms.endpoint.error_handler.retry_on_status_codes
        auth = terms.endpoint.auth or client.auth
        names = secrets_of([auth])
        variables = [variable(terms.asset.partition(".")[0], name) for name in names]
        trouble = refused(answer, repeat, terms.page, terms.explain(answer), variables, terms.endpoint)
        return about_clock(trouble, answer) if is_signed(auth) else trouble
    return _read_body(answer, terms, client)


def _leave_if_over(answer: Answer, terms: Terms, client: Client) -> Trouble | None:
    """Raise what the file says of such an answer; what is wrong where it is to be asked for again later."""
    status = answer.status_code
    if status == 304 and terms.unless is not None:
        raise Unchanged(terms.unless, terms.asset, other_than(terms.unless, answer.headers))
    if status in terms.end_statuses:
        raise Ignored(f"status {status} past the last page", is_end=True)
    for action in terms.endpoint.response_actions:
        if callable(action) or callable(action.action) or action in terms.renewing:
            continue
        if not _meets(action, answer, terms, client) or not _may_be_over(action.action, answer):
            continue
        if action.action == "retry":
            words = f"answered {status} (to be asked later, by response_actions)"
            step = "run it again later, and set client.requests_per_second to the API's budget"
            return Trouble(words, step, TryAgainLater, True, str(status), asked_to_wait(answer), may_be_taken=False)
        if action.action == "split":
            raise Ignored(f"status {status} says that one range has too many rows", is_end=False, action="split")
        if action.action == "restart":
            raise Ignored(f"status {status}", is_end=False, action="restart")
        if action.action == "empty":
            raise Ignored(
                f"status {status}, by which the API says that there are no rows", is_end=False, action="empty"
            )
        raise Ignored(f"status {status}, which response_actions ignore", is_end=False)
    return None


def _may_be_over(action: Any, answer: Answer) -> bool:
    """Whether an answer may mean what an action makes of it: one that asks for a wait tells of no rows."""
    if action == "empty" and says_nothing_of_rows(answer.status_code):
        return False
    is_at_limit = answer.status_code in _AT_LIMIT and asked_to_wait(answer) is not None
    return action not in ("empty", "ignore") or not is_at_limit


def is_renewed_by(answer: Answer, terms: Terms, client: Client) -> bool:
    """Whether the file says that such an answer means that a login or token is over."""
    return any(_meets(one, answer, terms, client) for one in terms.renewing)


def _read_body(answer: Answer, terms: Terms, client: Client) -> Answer | Trouble:
    for action in terms.endpoint.response_actions:
        own = action if callable(action) else action.action if callable(action.action) else None
        if own and (callable(action) or _meets(action, answer, terms, client)):
            answer = own(answer) or answer
    if answer.status_code == 202 and _is_job_at_work(terms.endpoint.job):
        return _not_made(answer)
    if answer.status_code == 204:
        step = "declare 204 in the paginator's end_status_codes if it means that there is no more"
        if terms.page == 1:
            step = "write response_actions: [{status_code: 204, action: empty}] if it means that there are no rows"
        return Trouble("answered 204, which is no list", step, MendDescription, False, "204")
    try:
        answer.read(terms.endpoint, client)
    except Unreadable as unreadable:
        told = answer.read_as_json() if terms.endpoint.error_in_body else None
        return _error_inside(answer, terms, told) or _unreadable(answer, unreadable)
    except (TooFar, NoRoom) as error:
        return broken_on_the_way(error, client)
    except MemoryError:
        words = "sent more than this machine's memory holds when it is parsed"
        step = "ask for smaller pages, and lower client.maximum_bytes"
        return Trouble(words, step, MendDescription, False, "too large")
    if answer.has_surplus and isinstance(answer.parsed, Records):
        # JSON that is cut off by a length that is too small is broken; lines are only fewer.
        answer.parsed.doubt = "more bytes came than the answer's Content-Length says, so it may be cut off"
    errors = (_error_inside(answer, terms, one) for one in answer.said)
    return next((one for one in errors if one), None) or _not_done(answer, terms) or answer


def _unreadable(answer: Answer, unreadable: Unreadable) -> Trouble:
    words = f"answered {answer.status_code} with {unreadable}"
    if isinstance(unreadable, WrongFormat):
        step = "correct format in the file, or compare path and parameters with the API's documentation"
        return Trouble(words, step, MendDescription, False, "wrong format")
    step = "compare client.base_url and path with the API's documentation, or ask the vendor what the endpoint sends"
    return Trouble(words, step, TryAgainLater, True, "unreadable body")


def _not_done(answer: Answer, terms: Terms) -> Trouble | None:
    """What a first answer means that was only accepted (RFC 9110, section 15.3.3), and brings nothing."""
    if answer.status_code != 202 or terms.page > 1:
        return None
    body, selector = answer.parsed, terms.endpoint.data_selector
    if selector is None and isinstance(body, dict):
        found = [one for one in body.values() if isinstance(one, list)]
    else:
        found = json_paths.find_values((selector or "$").partition("[")[0] or "$", body)
    if any(found):
        return None
    return _not_made(answer)


def _is_job_at_work(job: Job | None) -> bool:
    """Whether a status alone tells a job's file from an answer that it is not made yet, whatever that says."""
    return job is not None and job.download is None and job.status_path is None


def _not_made(answer: Answer) -> Trouble:
    words = "answered 202 without a row, which says that the list is not made yet"
    return Trouble(words, "run it again later", TryAgainLater, True, "202", asked_to_wait(answer))


def _error_inside(answer: Answer, terms: Terms, body: Any) -> Trouble | None:
    """The error that the file knows such a body by; an API that sends other formats may tell it in JSON."""
    declared = terms.endpoint.error_in_body
    if isinstance(body, Records):
        body = body.only_object
    if declared is None or body is None:
        return None
    if "[?" in declared.path and not _has_list(declared.path, body):
        words = f"answered {answer.status_code} with no list where error_in_body filters one ('{declared.path}')"
        step = "write the path to the value, and values, in error_in_body"
        return Trouble(words, step, MendDescription, False, "error in body")
    if not is_error_at(declared, body):
        return None
    kind = TryAgainLater if declared.retry else MendDescription
    words = f"answered {answer.status_code} with an error at '{declared.path}'"
    step = "look the error up with the vendor"
    asked = wait_told_in(body) if declared.retry else None
    return Trouble(words, step, kind, declared.retry, "error in body", asked, may_be_taken=False)


def _meets(action: Any, answer: Answer, terms: Terms, client: Client) -> bool:
    if action.status_code is not None and int(action.status_code) != answer.status_code:
        return False
    if action.path is not None and not has_value(
        action.path, action.values, answer.read_anyhow(terms.endpoint, client)
    ):
        return False
    # Any text may stand in a record.
    return action.content is None or (action.content in answer.text and not _holds_list(answer, terms, client))


def _holds_list(answer: Answer, terms: Terms, client: Client) -> bool:
    if answer.status_code >= 300:
        return False
    body, selector = answer.read_anyhow(terms.endpoint, client), terms.endpoint.data_selector
    if selector is None or isinstance(body, Records):
        lists = [body] if isinstance(body, list) else list(body.values()) if isinstance(body, dict) else []
        return any(isinstance(one, list) and any(isinstance(row, dict) for row in one) for one in lists)
    found = json_paths.find_values(selector.partition("[")[0] or "$", body)
    return any(isinstance(value, list) for value in found)


def _has_list(path: str, body: Any) -> bool:
    """Whether a filter has something to look through: a list, or nothing at all where it looks."""
    before = path.partition("[?")[0].rstrip(".") or "$"
    return all(isinstance(value, list) or value is None for value in json_paths.find_values(before, body))
