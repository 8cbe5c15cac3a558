"""What OpenTelemetry is told of a sync: a span, and its counts as metrics; nothing where the extra `otel` is not there.

Where another library has set OpenTelemetry up, what it chose holds. Else `OTEL_EXPORTER_OTLP_ENDPOINT` (or that of
traces or metrics alone) does: the exporter and the SDK read their own variables.
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from messaging_assets.assets.metadata.receipt_metadata import told_numbers
from messaging_assets.foundation.failures import SyncFailure

_logger = logging.getLogger(__name__)
_NAME = "messaging_assets"
# Seconds that a sync waits for what it told to be sent; a process may be ended as soon as its run is over.
_LONGEST_SENDING = 5.0
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_{}_ENDPOINT")


def tell_telemetry(
    asset: Mapping[str, str], seconds: float, metadata: Mapping[str, Any], failure: SyncFailure | None = None
) -> None:
    """Tell of a sync that is over, however it ended.

    Args:
        asset: what it was of: `api` and `resource`, and what else tells its run from others, for the span alone.
        seconds: how long it took.
        metadata: its receipt; its numbers and its verdict are told, and none of its texts.
        failure: why it failed, if it did; its sentence is told, which has no secret.
    """
    if find_spec("opentelemetry") is None:
        return
    try:
        _set_up()
        _tell(asset, seconds, metadata, failure)
    except Exception as error:  # noqa: BLE001 - what is told of a sync never decides about it
        _logger.warning(
            "OpenTelemetry was told nothing (%s); pip install 'messaging_assets[otel]'", type(error).__name__
        )


def _tell(asset: Mapping[str, str], seconds: float, metadata: Mapping[str, Any], failure: SyncFailure | None) -> None:
    from opentelemetry import metrics, trace

    numbers = told_numbers(metadata, "pages", "bytes", "waited_seconds")
    verdict = numbers.pop("verdict", "none")
    outcome = "synced" if failure is None else type(failure).__name__
    told = {f"{_NAME}.{name}": value for name, value in {**asset, **numbers, "verdict": verdict}.items()}
    now = time.time_ns()
    span = (
        trace.get_tracer_provider()
        .get_tracer(_NAME)
        .start_span(f"sync {asset['api']}.{asset['resource']}", attributes=told, start_time=now - int(seconds * 1e9))
    )
    if failure is not None:
        span.set_status(trace.StatusCode.ERROR, str(failure))
    span.end(now)
    meter = metrics.get_meter_provider().get_meter(_NAME)
    of = {"api": asset["api"], "resource": asset["resource"]}
    meter.create_counter(f"{_NAME}.syncs").add(1, {**of, "outcome": outcome, "verdict": verdict})
    meter.create_histogram(f"{_NAME}.sync.duration", unit="s").record(seconds, {**of, "outcome": outcome})
    for name, value in numbers.items():
        meter.create_counter(f"{_NAME}.{name}").add(value, of)
    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
        if send := getattr(provider, "force_flush", None):
            send(int(_LONGEST_SENDING * 1000))


@lru_cache(maxsize=1)
def _set_up() -> None:
    """Send by OTLP over HTTP what the environment has an address for, unless somebody chose otherwise before."""
    traces, measures = ([os.environ.get(name.format(kind)) for name in _ENDPOINTS] for kind in ("TRACES", "METRICS"))
    if not any((*traces, *measures)):
        return
    from opentelemetry import metrics, trace
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if any(traces) and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
    if any(measures) and not isinstance(metrics.get_meter_provider(), MeterProvider):
        metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
