"""A job is looked at until it is done: as often as the file and the API say, and for so long at most."""

from __future__ import annotations

import time

from messaging_assets.answers.beside_list import beside
from messaging_assets.answers.declared_values import has_value
from messaging_assets.answers.failure_words import says_failed
from messaging_assets.answers.signs_of_more import signs_of_more
from messaging_assets.answers.watched_counts import is_number_of_pages
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import CapReached, MendDescription, TryAgainLater
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.rate_limits import asked_to_wait
from messaging_assets.reading.ending import Reading
from messaging_assets.reading.jobs.asking import Gone, JobRequests, job_of
from messaging_assets.reading.jobs.notes import JobNotes, KeptJob
from messaging_assets.reading.jobs.said import filled, rows_of, shown_status, state_of, values_in

# An API may know a new job only after a moment: so many looks, and so many seconds after it was asked for.
_LOOKS_FOR_NEW, _SECONDS_FOR_NEW = 3, 3.0


class JobWait:
    """Waits for jobs.

    Args:
        requests: sends the requests of jobs.
        notes: what is known of the resource's jobs.
    """

    def __init__(self, requests: JobRequests, notes: JobNotes) -> None:
        self._requests, self._notes = requests, notes

    def files_of(self, digest: str, job: KeptJob, reading: Reading) -> list[str]:
        """The addresses of a job's files, when it is done; none where it has no rows.

        Args:
            digest: of the request that began it.
            job: the job.
            reading: its list.

        Raises:
            Gone: the API does not know it any more.
            TryAgainLater: it failed.
            CapReached: it was not done in time.
            MendDescription: its answers say it elsewhere than the file looks for it.
        """
        described = job_of(reading)
        if job.is_there and job.is_ours and described.download is None:
            return [job.poll]
        if job.is_there and described.download is not None:
            there = filled(described.download or "", job.values, self._requests.base_url, job.poll)
            if there is None:
                # Addresses of files are in no note of a sync that was interrupted.
                raise Gone
            return there
        answer = self._done(digest, job, reading)
        job.values |= values_in(described, answer)
        self._notes.keep(digest, job)
        rows = rows_of(described, answer)
        if described.download is None:
            reading.claims.announce(rows)
            return [job.poll]
        files = filled(described.download, job.values, self._requests.base_url, job.poll)
        look_beside(answer, reading, has_files=bool(files))
        if files is None and rows != 0:
            words = f"the job is done, and not all is where job.download looks for its files ('{described.download}')"
            step = "correct endpoint.job.download"
            if described.status_path is not None:
                means = f"{{path: {described.status_path}, values: [...], action: empty}}"
                step += f", or write response_actions: [{means}] if this answer means that there are no rows"
            raise MendDescription(words, step, where=reading.asset)
        return files or []

    def _done(self, digest: str, job: KeptJob, reading: Reading) -> Answer:
        """The answer that says that a job is done, as long as it takes."""
        described, missed, wait = job_of(reading), 0, job.not_before - time.time()
        said: str | None = None
        while True:
            self._pause(wait, digest, job, reading, said)
            wait = described.interval
            try:
                answer = self._requests.look(job.poll, reading)
            except Gone:
                missed += 1
                is_old = missed >= _LOOKS_FOR_NEW and time.time() - job.made_at >= _SECONDS_FOR_NEW
                if job.is_seen or not job.is_ours or is_old:
                    raise
                # Looks that are closer than that would only tell the same.
                wait = max(wait, _SECONDS_FOR_NEW / _LOOKS_FOR_NEW)
                continue
            job.is_seen = True
            state = state_of(described, answer, reading.asset)
            if state == "done":
                return answer
            if state == "failed":
                self._notes.give_up(digest)
                words = f"the job failed upstream, as its answer says at '{described.status_path}'"
                raise TryAgainLater(words, "look it up with the vendor, and run it again", where=reading.asset)
            said = shown_status(described, answer)
            wait = max(described.interval, asked_to_wait(answer) or 0)

    def _pause(self, seconds: float, digest: str, job: KeptJob, reading: Reading, said: str | None) -> None:
        limit = job_of(reading).timeout
        if seconds > job.made_at + limit - time.time():
            self._notes.give_up(digest)
            words = f"the job was not done after job.timeout ({limit:g} s)"
            step = "see with the vendor how long it takes, and raise job.timeout"
            if said is not None:
                step += f", or correct job.done and job.failed, which have not the value that came last ({said})"
            raise CapReached(words, step, where=reading.asset)
        if seconds > 0:
            reading.context.receipt.waited(seconds)
            self._requests.session.pause(seconds)


def look_beside(answer: Answer, reading: Reading, has_files: bool) -> None:
    """Doubt a job that is done, and says in its answer that rows are missing; its counts are compared at the end.

    Args:
        answer: that of the job.
        reading: its list.
        has_files: whether it names any.

    Raises:
        MendDescription: it has no file, and that may be so because it failed.
    """
    job = job_of(reading)
    rows = rows_of(job, answer)
    reading.claims.announce(rows)
    # What the file takes for done is no failure, and an address that is asked for no further one.
    known = {json_paths.names_in(path) for path in (job.status_path or "$", *job.paths_in(job.download or ""))}
    leaves = [leaf for leaf in beside(answer.parsed, ()) if leaf.names not in known]
    reading.claims.watch_job(leaves)
    if "has_more_path" in job.model_fields_set:
        if job.has_more_path is not None and has_value(job.has_more_path, [True], answer.parsed):
            words = f"the job says at '{job.has_more_path}' that rows are left out"
            reading.ending.too_many(f"{words}; ask for less in one job, such as by for_each or step")
        return
    if word := says_failed(answer.parsed, leaves):
        words = f"the answer of the job that is done says at '{word.path}' that something failed"
        step = "look it up with the vendor; write has_more_path: null in job if it is no failure"
        if not has_files and rows != 0:
            step += ", or write rows_total_path if the job has no rows"
            raise MendDescription(f"{words}, and it has no file", step, where=reading.asset)
        reading.context.doubt(f"{words}, so rows may be missing", step)
    # A job's pages are its files.
    signs = signs_of_more((leaf for leaf in leaves if not is_number_of_pages(leaf.word)), {}, 1, ())
    if sign := signs.said or (f"{signs.link} names a next page" if signs.link and not signs.is_end_said else None):
        step = (
            "see with the vendor what that means, and ask for less in one job, such as by for_each or step; write "
            "has_more_path: null in job if it is not to be believed"
        )
        reading.context.doubt(f"{sign}, in the answer of the job that is done", step)
