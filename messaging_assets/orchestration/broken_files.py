"""A broken API file in Dagster: an asset whose check fails, told by a sensor before anybody runs anything.

An asset that was never run is grey, and so is its check. Whoever looks shall see red at once. So the sensor
`<api>_broken_file` is on from the start. It reports the failed check once for each new set of mistakes, and is there
only while the file is broken. Dagster has no place for a warning about a code location that it could load, so the
mistakes are logged as errors too. `dg check defs`, which is there to find them, fails.
"""

import hashlib
import logging
import os
from collections.abc import Iterator, Mapping

from dagster import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetsDefinition,
    DefaultSensorStatus,
    Definitions,
    Failure,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    asset,
    sensor,
)

from messaging_assets.assets.checks import VALID_FILE
from messaging_assets.description.names import identifier
from messaging_assets.files.api_files import InvalidDescription

# Dagster sets it where it only looks whether definitions are right.
VALIDATION = "DAGSTER_IS_DEFS_VALIDATION_CLI"
_logger = logging.getLogger(__name__)


def broken_definitions(broken: Mapping[str, InvalidDescription]) -> Definitions:
    """For each broken file the asset `<api>/broken_file`, which fails with its mistakes, and a sensor that tells them.

    Raises:
        InvalidDescription: in `dg check defs`; it has the mistakes of all files.
    """
    if broken and os.environ.get(VALIDATION):
        raise InvalidDescription(problem for error in broken.values() for problem in error.problems)
    told: dict[str, list[str]] = {}
    for name, error in broken.items():
        # Chat-A and chat_a are one asset.
        told.setdefault(identifier(name), []).append(str(error))
    texts = {name: "\n".join(several) for name, several in told.items()}
    for text in texts.values():
        _logger.error("%s", text)
    return Definitions(
        assets=[_asset(name, text) for name, text in texts.items()],
        sensors=[_sensor(name, text) for name, text in texts.items()],
    )


def _key(name: str) -> AssetKey:
    return AssetKey([name, "broken_file"])


def _sensor(name: str, text: str) -> SensorDefinition:
    known = hashlib.sha256(text.encode()).hexdigest()
    words = f"The API file of {name} is broken."

    @sensor(
        name=f"{name}_broken_file",
        description=f"{words} Reports it as a failed check, so that it is red before anything is run.",
        default_status=DefaultSensorStatus.RUNNING,
    )
    def broken_file(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        if context.cursor == known:
            return SkipReason(words)
        told = AssetCheckEvaluation(_key(name), VALID_FILE, passed=False, description=text)
        return SensorResult(skip_reason=words, asset_events=[told], cursor=known)

    return broken_file


def _asset(name: str, text: str) -> AssetsDefinition:
    spec = AssetCheckSpec(VALID_FILE, asset=_key(name), description="Whether the API file can be used.")

    @asset(key=_key(name), group_name=name, description=text, kinds={"yaml"}, check_specs=[spec])
    def broken_file() -> Iterator[AssetCheckResult]:
        yield AssetCheckResult(passed=False, check_name=VALID_FILE, description=text)
        raise Failure(text, allow_retries=False)

    return broken_file
