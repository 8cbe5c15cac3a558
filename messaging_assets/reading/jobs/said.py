"""What the answers of a job say: how far it is, how many rows it has, and where its files are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from typing import Any, Literal
from urllib.parse import quote, urljoin

from messaging_assets.answers.declared_values import has_value
from messaging_assets.answers.field_names import NAME
from messaging_assets.answers.record_keys import whole_number
from messaging_assets.description.jobs import OF_JOB, Job
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.http.wire.answer import Answer

# No path in JSON begins so.
_HEADER, _OF_LIST = ":", "{"


def state_of(job: Job, answer: Answer, asset: str) -> Literal["done", "failed", "going on"]:
    """How far a job is.

    Raises:
        MendDescription: the answer does not say so where the file looks for it.
    """
    if job.status_path is None or job.done is None:
        return "going on" if answer.status_code == 202 else "done"
    # One that is not begun may have none yet.
    if not json_paths.find_values(job.status_path, answer.parsed):
        raise MendDescription(
            f"nothing is at status_path '{job.status_path}' of the job's answer",
            "correct endpoint.job.status_path in the file",
            where=asset,
        )
    if has_value(job.status_path, job.done, answer.parsed):
        return "done"
    return "failed" if has_value(job.status_path, job.failed, answer.parsed) else "going on"


def shown_status(job: Job, answer: Answer) -> str | None:
    """How far a job is, in its API's words; None where the file looks at no word."""
    found = json_paths.find_values(job.status_path, answer.parsed) if job.status_path else []
    words = str(found[0]) if found else ""
    return (words if NAME.fullmatch(words.replace(" ", "_")) else "no plain word") if found else None


def rows_of(job: Job, answer: Answer) -> int | None:
    """How many rows a job says that it has; None where it does not."""
    found = json_paths.find_values(job.rows_total_path, answer.parsed) if job.rows_total_path else []
    return whole_number(found[0]) if found else None


def values_in(job: Job, answer: Answer) -> dict[str, list[str]]:
    """What an answer says of the paths and headers that the job's addresses take; a list is each of its values."""
    addresses, body = [one for one in (job.poll, job.download, job.delete) if one is not None], answer.parsed
    headers = {name: answer.headers.get(name, "").strip() for one in addresses for name in Job.headers_in(one)}
    found = {path: json_paths.find_values(path, body) for one in addresses for path in Job.paths_in(one)}
    texts = {path: [text for value in values for text in _texts(value)] for path, values in found.items()}
    # Of three files two addresses are not what the job made.
    whole = {path for path, came in texts.items() if len(came) >= (_number(path, body) or 1)}
    of_body = {path: texts[path] for path in found if path in whole or _is_empty_list(path, body)}
    return of_body | {_HEADER + name: [value] for name, value in headers.items() if value not in ("", ".", "..")}


def values_of_list(request: Any) -> dict[str, list[str]]:
    """What a job's addresses take of the list whose request begins it: of its parent's record, or of the file."""
    return {_OF_LIST + name: _texts(value) for name, value in getattr(request, "of_list", {}).items() if _texts(value)}


def _number(path: str, body: Any) -> int:
    """How many values a path should find: one for each element of its last list."""
    before, star, _ = path.rpartition("[*]")
    found = json_paths.find_values(before + star if star else path, body)
    return sum(len(value) if isinstance(value, list) else 1 for value in found)


def _is_empty_list(path: str, body: Any) -> bool:
    return json_paths.find_values(path.partition("[")[0] or "$", body) == [[]]


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    is_plain = isinstance(value, (str, int)) and not isinstance(value, bool)
    return [str(value)] if is_plain and str(value).strip() not in ("", ".", "..") else []


def filled(address: str, values: Mapping[str, list[str]], base_url: str, asked: str) -> list[str] | None:
    """The addresses that one in the file stands for, one for each value.

    Args:
        address: as the file has it.
        values: what its placeholders stand for.
        base_url: the API's address, which a path is below.
        asked: the address that the values came from, which a relative one is seen from.

    Returns:
        None where an answer did not say what a placeholder stands for.
    """
    names = list(dict.fromkeys(_name_of(found) for found in OF_JOB.finditer(address)))
    if any(name not in values for name in names):
        return None
    if OF_JOB.fullmatch(address):
        return [urljoin(asked, one) for one in values[names[0]]]
    every = [dict(zip(names, each, strict=True)) for each in product(*(values[name] for name in names))]
    return [f"{base_url.rstrip('/')}/{_path(address, chosen).lstrip('/')}" for chosen in every]


def _path(address: str, chosen: Mapping[str, str]) -> str:
    return OF_JOB.sub(lambda found: quote(chosen[_name_of(found)], safe=""), address)


def _name_of(placeholder: re.Match[str]) -> str:
    path, header, of_list = placeholder.groups()
    return path or (_HEADER + header if header else _OF_LIST + of_list)
