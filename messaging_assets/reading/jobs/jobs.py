"""Jobs of an API from their beginning to their end: begun, looked at until they are done, fetched, and deleted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin
from uuid import uuid4

import requests

from messaging_assets.answers.beside_list import beside
from messaging_assets.answers.declared_values import has_value
from messaging_assets.answers.failure_words import says_failed
from messaging_assets.description.jobs import OF_JOB, Job
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import MendDescription, SyncFailure, TryAgainLater
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.rate_limits import asked_to_wait
from messaging_assets.reading.ending import Reading
from messaging_assets.reading.jobs.asking import GONE, Gone, JobRequests, asks_again, is_its_file, job_of
from messaging_assets.reading.jobs.notes import JobNotes, KeptJob
from messaging_assets.reading.jobs.said import filled, state_of, values_in, values_of_list
from messaging_assets.reading.jobs.waiting import JobWait, look_beside
from messaging_assets.seams.dlt_rest_client import IgnoreResponseException

# What the API answers that does not know a download any more; some answer 404 past the last page, too.
_GONE = frozenset(map(str, GONE))
_END = "; if this is how the API says that no page is left, declare 404 in the paginator's end_status_codes"


@dataclass
class _Begun:
    """A job whose files are fetched.

    Args:
        digest: of the request that began it.
        job: the job.
        files: the addresses of its files.
        pages: the request for the pages of the only one; None where each is a page.
        came: how many of them came.
    """

    digest: str
    job: KeptJob
    files: list[str]
    pages: requests.Request | None = None
    came: int = 0


class Jobs:
    """Answers the request of a list with the files of the job that it begins, one after the other.

    Args:
        requests: sends the requests of jobs.
        notes: what is known of the resource's jobs.
        tell: takes a line for the run's log.
    """

    def __init__(self, requests: JobRequests, notes: JobNotes, tell: Callable[[str], None] = lambda line: None) -> None:
        self._requests, self.notes, self._tell = requests, notes, tell
        self._wait = JobWait(requests, notes)
        self._begun: dict[Reading, _Begun] = {}
        self._readings: dict[str, Reading] = {}

    def answer(self, request: requests.Request, reading: Reading) -> Answer:
        """The next file of a list's job.

        Args:
            request: the one of the list, which begins its job.
            reading: the list.

        Raises:
            IgnoreResponseException: the job is done, and has no file.
            SyncFailure: it failed, did not end in time, or is gone.
        """
        self._readings[reading.asset] = reading
        begun = self._begun.get(reading)
        try:
            return self._next_file(begun, reading) if begun else self._first_file(request, reading)
        except Gone:
            if begun is not None:
                self.notes.give_up(begun.digest)
            raise _gone(reading) from None

    def has_pages(self, reading: Reading) -> bool:
        """Whether the first page of a job's download came, so that others are asked for as those of any list."""
        begun = self._begun.get(reading)
        return begun is not None and begun.pages is not None and begun.came > 0

    def refused_page(self, reading: Reading, refused: SyncFailure) -> SyncFailure:
        """What a refused page means, of any other list `refused`: where a job is gone, the next sync begins another."""
        if refused.label not in _GONE or not self.has_pages(reading):
            return refused
        self.notes.give_up(self._begun.pop(reading).digest)
        return _gone_page(reading, refused)

    def files_left(self, reading: Reading) -> int:
        """How many files of a list's job did not come yet."""
        begun = self._begun[reading]
        return len(begun.files) - begun.came

    def clean_up(self) -> None:
        """The rows are in the table: delete the jobs where the file says how, and forget them."""
        for job in self.notes.all:
            reading = self._readings.get(job.resource)
            address = job_of(reading).delete if reading else None
            if reading is not None and address is not None and job.poll:
                for one in filled(address, job.values, self._requests.base_url, job.poll) or ():
                    self._delete(one, reading)
        self.notes.forget()

    def _delete(self, address: str, reading: Reading) -> None:
        try:
            self._requests.delete(address, reading)
        except Gone:
            return
        except SyncFailure as failure:
            self._tell(f"{reading.asset}: a job of the API could not be deleted: {failure}")

    def _first_file(self, request: requests.Request, reading: Reading) -> Answer:
        pages = request if hasattr(request, "begins") else None
        begins: requests.Request = getattr(request, "begins", request)
        digest = self._requests.digest_of(begins, reading)
        job = self.notes.of(digest)
        if job is not None and job.poll and not job.is_ours:
            self._tell(f"{reading.asset}: goes on with the job that an interrupted sync began")
            reading.context.receipt.jobs["gone on with"] += 1
            try:
                return self._fetched(digest, job, reading, pages)
            except Gone:
                self._tell(f"{reading.asset}: that job is gone, and another one is begun")
                self.notes.give_up(digest)
                job = None
        if job is None or not job.poll:
            job = self._made(begins, digest, job, reading)
        try:
            return self._fetched(digest, job, reading, pages)
        except Gone:
            self.notes.give_up(digest)
            if job.is_seen:
                raise
            step = "compare endpoint.job.poll with the API's documentation"
            raise MendDescription("the API does not know the job that it began", step, where=reading.asset) from None

    def _made(self, request: requests.Request, digest: str, kept: KeptJob | None, reading: Reading) -> KeptJob:
        """Begin a job, and note it before anybody waits for it."""
        has_key = job_of(reading).idempotency_header is not None
        job = kept or KeptJob(reading.asset, time.time(), key=uuid4().hex if has_key else "")
        job.is_ours = True
        if has_key:
            # The same key after a kill begins no second job.
            self.notes.keep(digest, job)
        answer = self._requests.begin(request, job.key, reading)
        job.values = values_of_list(request) | values_in(job_of(reading), answer)
        job.poll = _poll_address(job, answer, request, self._requests.base_url, reading)
        job.not_before = time.time() + (asked_to_wait(answer) or 0)
        self.notes.keep(digest, job)
        reading.context.receipt.jobs["begun"] += 1
        self._tell(f"{reading.asset}: a job was begun; its files are read when it is done")
        return job

    def _fetched(self, digest: str, job: KeptJob, reading: Reading, pages: requests.Request | None) -> Answer:
        """The first file of a job, or the first page of its download, when it is done."""
        files = self._wait.files_of(digest, job, reading)
        if pages is not None and len(files) > 1:
            words = f"job.paginator is of one download, and the job has {len(files)} files"
            raise MendDescription(words, "take it out, or correct job.download", where=reading.asset)
        if not files:
            reading.ending.over("the job is done and has no file")
            raise IgnoreResponseException
        # Of a list that is over nothing more is asked.
        self._begun = {one: begun for one, begun in self._begun.items() if one.ending.how is None}
        begun = self._begun[reading] = _Begun(digest, job, files, pages)
        try:
            return self._next_file(begun, reading)
        except Gone:
            del self._begun[reading]
            raise

    def _next_file(self, begun: _Begun, reading: Reading) -> Answer:
        address = begun.files[begun.came]
        try:
            answer = self._asked_for(address, begun, reading)
        except Gone:
            # Addresses may hold for minutes; another look brings new ones.
            files = self._wait.files_of(begun.digest, begun.job, reading)
            if len(files) != len(begun.files) or files[begun.came] == address:
                raise
            begun.files = files
            answer = self._asked_for(files[begun.came], begun, reading)
        begun.came += 1
        return answer

    def _asked_for(self, address: str, begun: _Begun, reading: Reading) -> Answer:
        if begun.pages is not None:
            return self._requests.page(address, begun.pages, reading)
        return self._requests.file(address, reading)


def _gone(reading: Reading, step: str = "") -> SyncFailure:
    if job_of(reading).paginator is not None and reading.is_resuming:
        # The place that was kept is one in the download of an earlier job.
        return reading.cannot_resume("the job that it was read from is gone")
    words = "the job, or a file of it, is gone upstream before all of its rows were read"
    return TryAgainLater(words, f"run it again, which begins a new one{step}", where=reading.asset)


def _gone_page(reading: Reading, refused: SyncFailure) -> SyncFailure:
    if reading.counts.pages > 1 or reading.is_resuming:
        return _gone(reading, _END if refused.label == "404" else "")
    # No further page ever came, so the file may ask for it wrongly, and each try would begin a job.
    refused.say(refused.where, refused.what, f"{refused.next_step}; if the job is gone upstream, run it again")
    return refused


def _poll_address(job: KeptJob, answer: Answer, request: requests.Request, base_url: str, reading: Reading) -> str:
    """Where a job that was begun is looked at."""
    described, asked = job_of(reading), str(request.url)
    written = described.poll
    if written is None:
        if location := answer.headers.get("Location"):
            return urljoin(asked, location)
        if asks_again(request, described):
            # Asked once more it tells how far it is: nothing but a GET begins it.
            job.is_there = is_its_file(described) and state_of(described, answer, reading.asset) == "done"
            return str(requests.Request("GET", asked, params=request.params).prepare().url)
        if described.status_path is None and described.download and OF_JOB.fullmatch(described.download):
            # A path below the API, such as /exports/{job.id}/file, may not be there yet.
            job.is_there = bool(filled(described.download, job.values, base_url, asked))
        if job.is_there:
            # No other answer tells of it.
            look_beside(answer, reading, has_files=True)
            return asked
        words, step = "names no address in its Location header", "write endpoint.job.poll, such as {header.X-Job}"
    else:
        addresses = filled(written, job.values, base_url, asked)
        if addresses is not None and len(addresses) == 1:
            return addresses[0]
        words, step = f"has not one value where job.poll takes it from ('{written}')", "correct endpoint.job.poll"
    if failed := _failed_at(job_of(reading), answer.parsed):
        words, step = f"says at '{failed}' that it failed", "look the error up with the vendor, and run it again"
    raise MendDescription(f"the answer that began the job {words}", step, where=reading.asset)


def _failed_at(job: Job, body: Any) -> str | None:
    """Where the answer that should have begun a job says that it failed; None where it does not."""
    if job.status_path and has_value(job.status_path, job.failed, body):
        return job.status_path
    # A job that waits for its turn has not failed.
    status = json_paths.names_in(job.status_path or "$")
    word = says_failed(body, [leaf for leaf in beside(body, ()) if leaf.names != status])
    return word.path if word else None
