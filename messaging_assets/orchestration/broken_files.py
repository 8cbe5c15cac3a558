"""A broken API file in Dagster: an asset whose check fails, told by a sensor before anybody runs anything.

An asset that was never run is grey, and so is its check. Whoever looks shall see red at once. So the sensor
`broken_files` is on from the start. It reports the failed check once for each new set of mistakes, and is there only
while a file is broken.
"""

import hashlib
from collections.abc import Iterator, Mapping

from dagster import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetsDefinition,
    DefaultSensorStatus,
    Failure,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    asset,
    sensor,
)

from messaging_assets.files.api_files import InvalidDescription

CHECK = "api_file_is_valid"


def build_broken_assets(broken: Mapping[str, InvalidDescription]) -> list[AssetsDefinition]:
    """For each broken file the asset `<api>/broken_file`, which says its mistakes, and fails with them when run."""
    return [_asset(name, str(error)) for name, error in broken.items()]


def build_broken_files_sensor(broken: Mapping[str, InvalidDescription]) -> list[SensorDefinition]:
    """The sensor `broken_files`, which reports the failed checks of broken files; none where no file is broken."""
    if not broken:
        return []
    texts = {name: str(error) for name, error in broken.items()}
    known = hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()
    words = f"{len(texts)} API file{' is' if len(texts) == 1 else 's are'} broken: {', '.join(sorted(texts))}."

    @sensor(
        name="broken_files",
        description=f"{words} Reports it as failed checks, so that it is red before anything is run.",
        default_status=DefaultSensorStatus.RUNNING,
    )
    def broken_files(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        if context.cursor == known:
            return SkipReason(words)
        told = [AssetCheckEvaluation(_key(name), CHECK, passed=False, description=text) for name, text in texts.items()]
        return SensorResult(skip_reason=words, asset_events=told, cursor=known)

    return [broken_files]


def _key(name: str) -> AssetKey:
    return AssetKey([name, "broken_file"])


def _asset(name: str, text: str) -> AssetsDefinition:
    spec = AssetCheckSpec(CHECK, asset=_key(name), description="Whether the API file can be used.")

    @asset(key=_key(name), group_name=name, description=text, kinds={"yaml"}, check_specs=[spec])
    def broken_file() -> Iterator[AssetCheckResult]:
        yield AssetCheckResult(passed=False, check_name=CHECK, description=text)
        raise Failure(text, allow_retries=False)

    return broken_file
