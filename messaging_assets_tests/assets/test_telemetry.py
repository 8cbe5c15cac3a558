"""OpenTelemetry is told how each sync ended, in numbers and without a secret; and a sync goes on whatever it does."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance, materialize

from messaging_assets import definitions_for
from messaging_assets.assets.metadata.telemetry import tell_telemetry
from messaging_assets.files.api_files import read_file
from messaging_assets.foundation.failures import CheckCredentials
from messaging_assets.foundation.folders import SHIPPED_APIS
from messaging_assets.sandbox import Fault
from messaging_assets_tests.programs import environment, run

pytest.importorskip("opentelemetry.sdk", reason="OpenTelemetry is not installed; `pip install messaging_assets[otel]`")
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

OF = {"api": "messaging", "resource": "messages"}


class Told:
    """What OpenTelemetry was told."""

    def __init__(self) -> None:
        self._spans, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracing, self.metering = TracerProvider(), MeterProvider([self._reader])
        self.tracing.add_span_processor(SimpleSpanProcessor(self._spans))

    @property
    def spans(self) -> list[Any]:
        return list(self._spans.get_finished_spans())

    def metrics(self) -> dict[str, tuple[dict[str, Any], float]]:
        """Attributes and sum of each, by name."""
        data: Any = self._reader.get_metrics_data()
        every = data.resource_metrics[0].scope_metrics[0].metrics
        points = {one.name: one.data.data_points[0] for one in every}
        return {
            name: (dict(one.attributes), one.sum if hasattr(one, "sum") else one.value) for name, one in points.items()
        }


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    one = Told()
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: one.tracing)
    monkeypatch.setattr(metrics, "get_meter_provider", lambda: one.metering)
    yield one
    one.metering.shutdown()


def _sync(instance: DagsterInstance) -> bool:
    made = definitions_for(read_file(SHIPPED_APIS / "messaging.yaml"))
    assets: Any = list(made.assets or [])
    return materialize(assets, instance=instance, resources=made.resources, raise_on_error=False).success


def test_a_sync_is_a_span_and_its_counts_are_metrics(
    told: Told, known_sandbox: Any, dagster_instance: DagsterInstance
) -> None:
    assert _sync(dagster_instance)
    rows = len(known_sandbox.rows("messaging", "messages"))
    [span] = told.spans
    assert (span.name, span.status.is_ok) == ("sync messaging.messages", True)
    seen = {name.removeprefix("messaging_assets."): value for name, value in span.attributes.items()}
    assert {name: seen[name] for name in ("api", "resource", "rows_read", "rows_loaded", "verdict")} == {
        **OF,
        "rows_read": rows,
        "rows_loaded": rows,
        "verdict": "read to the end",
    }
    assert seen["run_id"]
    assert 0 < (span.end_time - span.start_time) / 1e9 < 60
    found = told.metrics()
    assert found["messaging_assets.rows_loaded"] == (OF, rows)
    assert found["messaging_assets.requests"] == (OF, len(known_sandbox.requests))
    assert found["messaging_assets.syncs"] == ({**OF, "outcome": "synced", "verdict": "read to the end"}, 1)
    assert found["messaging_assets.sync.duration"][1] > 0
    assert {"messaging_assets.waited_seconds", "messaging_assets.bytes"} <= set(found)


def test_a_sync_that_fails_is_told_with_its_sentence_and_without_the_secret(
    told: Told, known_sandbox: Any, dagster_instance: DagsterInstance
) -> None:
    known_sandbox.fault(Fault(api="messaging", status=401))
    assert not _sync(dagster_instance)
    [span] = told.spans
    assert not span.status.is_ok
    assert "MESSAGING__API_KEY" in span.status.description
    assert known_sandbox.keys["messaging"] not in span.to_json()
    assert told.metrics()["messaging_assets.syncs"][0]["outcome"] == CheckCredentials.__name__


def test_what_breaks_in_opentelemetry_is_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Any:
        raise RuntimeError("a text with a secret")

    monkeypatch.setattr(trace, "get_tracer_provider", broken)
    tell_telemetry(OF, 1.0, {})
    assert caplog.messages == ["OpenTelemetry was told nothing (RuntimeError); pip install 'messaging_assets[otel]'"]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("variable", "path", "expected"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "", {"/v1/traces", "/v1/metrics"}),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "/v1/traces", {"/v1/traces"}),
        ("MESSAGING_ASSETS_NOTHING", "", set()),
    ],
)
def test_one_variable_of_opentelemetrys_own_says_where_to(
    variable: str, path: str, expected: set[str], clean_room: Path
) -> None:
    came: dict[str, bytes] = {}

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        code = (
            "from messaging_assets.assets.metadata.telemetry import tell_telemetry\n"
            f"tell_telemetry({OF!r}, 1.0, {{'messaging_assets/rows_read': 7}})"
        )
        address = f"http://127.0.0.1:{server.server_port}{path}"
        done = run(sys.executable, "-c", code, env=environment(**{variable: address}))
        server.shutdown()
    assert (done.returncode, done.stderr) == (0, "")
    assert set(came) == expected
    assert all(b"rows_read" in body for body in came.values())
