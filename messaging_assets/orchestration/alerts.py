"""Alerts for the whole code location: failed runs and failed checks, posted as JSON to a webhook.

`MESSAGING_ASSETS_ALERT_WEBHOOK` names the webhook; where it is set when the code location loads, both sensors
are on, else they are off. `MESSAGING_ASSETS_DAGSTER_URL`, the address of the UI, adds a link to the run.

    {"event": "run_failed" or "checks_failed", "text": one sentence, "job", "run_id", "assets": ["api/resource"],
     "checks": [{"asset", "check", "severity"}], "url": link or null}

A failed check that is only a warning is told when it begins to fail, an error each time. Checks that could not
be told are told in a later tick; a failed run is posted once more, then the sensor's log says that it was not told.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from dagster import (
    AssetCheckKey,
    AssetCheckSeverity,
    DagsterEvent,
    DefaultSensorStatus,
    RunFailureSensorContext,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    run_failure_sensor,
    sensor,
)
from requests.utils import get_environ_proxies

from messaging_assets.foundation.redaction import Redaction
from messaging_assets.seams.dagster_inside import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)

WEBHOOK_VARIABLE = "MESSAGING_ASSETS_ALERT_WEBHOOK"
DAGSTER_VARIABLE = "MESSAGING_ASSETS_DAGSTER_URL"
_TIMEOUT = 5.0
_TELLING_TIME = 25.0
_ANSWERED = {AssetCheckExecutionRecordStatus.FAILED, AssetCheckExecutionRecordStatus.SUCCEEDED}
_OFF = f"Alerts are off: set {WEBHOOK_VARIABLE} to the address of a webhook that takes JSON."


class WebhookFailed(Exception):
    """The webhook did not take an alert; the text names its host only, because its path is a secret."""


def build_alert_sensors() -> list[SensorDefinition]:
    """The sensors `run_failure_alert` and `check_failure_alert`, for every job and check of the code location."""
    status = DefaultSensorStatus.RUNNING if os.environ.get(WEBHOOK_VARIABLE) else DefaultSensorStatus.STOPPED
    words = f"as JSON to the webhook that {WEBHOOK_VARIABLE} names."

    @run_failure_sensor(name="run_failure_alert", description=f"Posts failed runs {words}", default_status=status)
    def run_failure_alert(context: RunFailureSensorContext) -> SkipReason | None:
        return _tell_of_run(context)

    @sensor(name="check_failure_alert", description=f"Posts failed asset checks {words}", default_status=status)
    def check_failure_alert(context: SensorEvaluationContext) -> SkipReason:
        return _tell_of_checks(context)

    return [run_failure_alert, check_failure_alert]


def _tell_of_run(context: RunFailureSensorContext) -> SkipReason | None:
    webhook = os.environ.get(WEBHOOK_VARIABLE)
    if not webhook:
        return SkipReason(_OFF)
    run, failures = context.dagster_run, context.get_step_failure_events()
    text = next(map(_sentence, failures), None) or f"{run.job_name} failed before a step did; the run's log says why."
    alert = _alert("run_failed", text, run.job_name, run.run_id, _assets(context, failures))
    try:
        try:
            _post(webhook, alert)
        except WebhookFailed:
            _post(webhook, alert)
    except WebhookFailed as failed:
        trouble = f"The failed run {run.run_id} was not told: {failed}"
        context.log.error(trouble)
        return SkipReason(trouble)
    return None


def _sentence(failure: DagsterEvent) -> str:
    """Our own failures are sentences without secrets; of a stranger's, its name must do."""
    data = failure.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description.split("\n")[0]
    # Dagster wraps what was raised; the innermost name says most.
    error = data.error
    while error and error.cause:
        error = error.cause
    kind = error.cls_name if error else "an error"
    return f"{failure.step_key} failed with {kind}; the run's log says more."


def _assets(context: RunFailureSensorContext, failures: Iterable[DagsterEvent]) -> list[str]:
    """The assets of the failed steps, else those that the run was to make."""
    steps = {failure.step_key for failure in failures}
    repository = context.repository_def
    made = repository.assets_defs_by_key.items() if repository else ()
    failed = [key for key, assets in made if assets.is_executable and assets.node_def.name in steps]
    keys = failed or context.dagster_run.asset_selection or ()
    return sorted(key.to_user_string() for key in keys)


def _tell_of_checks(context: SensorEvaluationContext) -> SkipReason:
    webhook = os.environ.get(WEBHOOK_VARIABLE)
    if not webhook:
        return SkipReason(_OFF)
    failing, posted = _failing_checks(context), _posted(context.cursor)
    # What passes now is forgotten, so that its next failure is one that begins.
    posted = {check: number for check, number in posted.items() if check in failing}
    news = {check: one for check, one in failing.items() if _is_news(one, posted.get(check))}
    posted |= {check: one.id for check, one in failing.items() if check in posted and check not in news}
    deadline, count = time.monotonic() + _TELLING_TIME, 0
    result = f"{len(failing)} failing check{'' if len(failing) == 1 else 's'}, {len(news)} told now."
    for run_id in sorted({one.run_id for one in news.values()}):
        of_run = {check: one for check, one in news.items() if one.run_id == run_id}
        try:
            if time.monotonic() > deadline:
                raise WebhookFailed("there was no time left in this tick.")
            _post(webhook, _checks_alert(context, run_id, of_run))
        except WebhookFailed as failed:
            result = f"{len(news) - count} failing check(s) could not be told, a later tick tries again: {failed}"
            context.log.error(result)
            break
        posted |= {check: one.id for check, one in of_run.items()}
        count += len(of_run)
    context.update_cursor(json.dumps(posted, sort_keys=True))
    return SkipReason(result)


def _failing_checks(context: SensorEvaluationContext) -> dict[str, AssetCheckExecutionRecord]:
    """The checks whose last answer is no, by name; one that is being asked again counts as it was before."""
    repository, storage = context.repository_def, context.instance.event_log_storage
    keys = sorted(repository.asset_graph.asset_check_keys, key=_name) if repository else []
    failing: dict[str, AssetCheckExecutionRecord] = {}
    for key, last in storage.get_latest_asset_check_execution_by_key(keys).items():
        if last.status == AssetCheckExecutionRecordStatus.PLANNED:
            last = next(iter(storage.get_asset_check_execution_history(key, 1, status=_ANSWERED)), last)
        if last.status == AssetCheckExecutionRecordStatus.FAILED:
            failing[_name(key)] = last
    return failing


def _is_news(record: AssetCheckExecutionRecord, posted: int | None) -> bool:
    return posted is None or (record.id != posted and _severity(record) == AssetCheckSeverity.ERROR.value)


def _severity(record: AssetCheckExecutionRecord) -> str:
    evaluation = record.evaluation
    return evaluation.severity.value if evaluation else AssetCheckSeverity.ERROR.value


def _checks_alert(
    context: SensorEvaluationContext, run_id: str, records: Mapping[str, AssetCheckExecutionRecord]
) -> dict[str, Any]:
    run = context.instance.get_run_by_id(run_id)
    checks = [
        {"asset": one.key.asset_key.to_user_string(), "check": one.key.name, "severity": _severity(one)}
        for one in records.values()
    ]
    first = checks[0]
    more = f" (and {len(checks) - 1} more)" if len(checks) > 1 else ""
    text = f"{first['asset']}: the check {first['check']} failed{more}; the asset's page shows what it found."
    assets = sorted({check["asset"] for check in checks})
    return {**_alert("checks_failed", text, run.job_name if run else None, run_id, assets), "checks": checks}


def _alert(event: str, text: str, job: str | None, run_id: str, assets: list[str]) -> dict[str, Any]:
    base = os.environ.get(DAGSTER_VARIABLE, "").rstrip("/")
    url = f"{base}/runs/{run_id}" if base else None
    # `text` is what chat webhooks show; the rest is for programs.
    return {"event": event, "text": text, "job": job, "run_id": run_id, "assets": assets, "url": url}


def _post(webhook: str, alert: Mapping[str, Any]) -> None:
    """Send one alert, once, in at most some ten seconds.

    Raises:
        WebhookFailed: it did not get there.
    """
    trouble = ""
    try:
        parts = urlsplit(webhook)
        host = f"the webhook at {parts.hostname}"
        secrets = [webhook, parts.path, parts.query, parts.username or "", parts.password or ""]
        with (
            Redaction(secrets).on_loggers(),
            requests.Session() as session,
            # Streamed and not read: what the webhook answers beyond its status is of no use here.
            _sent(session, webhook, alert) as answer,
        ):
            if answer.status_code >= 300:
                trouble = f"{host} answered {answer.status_code}."
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        trouble = f"the webhook could not be reached ({type(error).__name__}); see {WEBHOOK_VARIABLE}."
    if trouble:
        raise WebhookFailed(trouble)


def _sent(session: requests.Session, webhook: str, alert: Mapping[str, Any]) -> requests.Response:
    # Else requests would add what .netrc has for the host; proxies and certificates are looked up all the same.
    session.trust_env = False
    verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
    return session.post(
        webhook,
        json=alert,
        timeout=_TIMEOUT,
        allow_redirects=False,
        stream=True,
        proxies=get_environ_proxies(webhook),
        verify=verify,
    )


def _posted(cursor: str | None) -> dict[str, int]:
    try:
        return dict(json.loads(cursor or "{}"))
    except (ValueError, TypeError):
        return {}


def _name(key: AssetCheckKey) -> str:
    return f"{key.asset_key.to_user_string()}:{key.name}"
