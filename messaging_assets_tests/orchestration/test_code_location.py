from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from dagster import (
    AssetCheckResult,
    AssetKey,
    DagsterInstance,
    DefaultSensorStatus,
    Definitions,
    asset,
    asset_check,
    build_sensor_context,
    fs_io_manager,
    in_process_executor,
    multiprocess_executor,
)
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster_shared.serdes import serialize_value
from dagster_shared.utils.warnings import disable_dagster_warnings
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

import messaging_assets
from messaging_assets.files.api_files import InvalidDescription
from messaging_assets.files.rules.mistakes import Problem
from messaging_assets.foundation.failures import MendDescription, MendSettings
from messaging_assets.foundation.folders import SHIPPED_APIS
from messaging_assets.orchestration.broken_files import VALIDATION, broken_definitions
from messaging_assets.orchestration.code_location import build_code_location
from messaging_assets.orchestration.executors import chosen_executor
from messaging_assets_tests.conftest import TELEMETRY_OFF
from messaging_assets_tests.definitions_text import definitions_text
from messaging_assets_tests.programs import run

ALARMS = AssetKey(["alarms", "broken_file"])
SNAPSHOT = Path(__file__).parents[1] / "snapshots" / "definitions.txt"
FILE = """\
client: {{base_url: "https://api.example.com"}}
resources:
  - {{name: {name}, endpoint: {{path: /{name}}}}}
"""


def keys_of(definitions: Definitions) -> set[str]:
    return {key.to_user_string() for key in definitions.get_repository_def().asset_graph.get_all_asset_keys()}


def write(folder: Path, api: str, text: str = FILE) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{api}.yaml").write_text(text.format(name=f"{api}_rows"))
    return folder


def test_the_names_are_the_ones_people_build_on() -> None:
    """With no secret set: the clean room's environment is empty."""
    text = definitions_text(build_code_location())
    assert text == SNAPSHOT.read_text(encoding="utf-8"), (
        "if the change is meant: python -m messaging_assets_tests.definitions_text > "
        "messaging_assets_tests/snapshots/definitions.txt"
    )


def test_nothing_that_the_ui_is_told_holds_a_secret(known_sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_MESSAGING__CLIENT_SECRET", "a-secret-in-the-environment")
    with disable_dagster_warnings():
        told = serialize_value(RepositorySnap.from_def(build_code_location().get_repository_def()))
    assert "From MESSAGING__API_KEY in the environment, else api_key under [sources.messaging]" in told
    assert "a-secret-in-the-environment" not in told
    assert not [key for key in known_sandbox.keys.values() if key in told]
    assert known_sandbox.client[0] not in told


def test_several_folders_take_the_place_of_the_shipped_one(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [write(clean_room / "one", "chat"), write(clean_room / "two", "alarms")]
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", os.pathsep.join(map(str, folders)))
    assert keys_of(build_code_location()) == {"chat/chat_rows", "alarms/alarms_rows"}


@pytest.fixture
def one_broken(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> Definitions:
    folder = write(clean_room / "apis", "chat")
    write(folder, "alarms", FILE.replace("resources:", "resuorces:"))
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(folder))
    return build_code_location()


def test_a_broken_file_is_an_asset_and_takes_nobody_down(
    one_broken: Definitions, caplog: pytest.LogCaptureFixture
) -> None:
    assert keys_of(one_broken) == {"chat/chat_rows", "alarms/broken_file"}
    node = one_broken.get_repository_def().asset_graph.get(AssetKey(["alarms", "broken_file"]))
    assert node.description is not None
    assert "alarms.yaml:2: resuorces: unknown key; did you mean resources?" in node.description
    assert node.description in [record.getMessage() for record in caplog.get_records("setup")]
    assert "chat_sync" in one_broken.get_repository_def().job_names


def test_a_broken_file_says_its_mistakes_when_it_is_run_and_the_others_are_synced(
    clean_room: Path, known_sandbox: Any, monkeypatch: pytest.MonkeyPatch, dagster_instance: DagsterInstance
) -> None:
    folder = write(clean_room / "apis", "alarms", FILE.replace("resources:", "resuorces:"))
    (folder / "messaging.yaml").write_bytes((SHIPPED_APIS / "messaging.yaml").read_bytes())
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(folder))
    job = build_code_location().resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=dagster_instance, raise_on_error=False)
    failures = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert len(failures) == 1
    assert "alarms.yaml:2: resuorces" in str(failures[0].user_failure_data)
    assert not [event for event in result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]
    checks = {one.asset_key.to_user_string(): one for one in result.get_asset_check_evaluations() if not one.passed}
    assert list(checks) == ["alarms/broken_file"]
    assert "alarms.yaml:2: resuorces" in str(checks["alarms/broken_file"].description)
    made = [event.materialization.asset_key.to_user_string() for event in result.get_asset_materialization_events()]
    assert made == ["messaging/messages"]


def test_a_broken_file_is_red_before_it_is_run_and_told_once(
    one_broken: Definitions, dagster_instance: DagsterInstance
) -> None:
    sensor: Any = one_broken.resolve_sensor_def("alarms_broken_file")
    assert sensor.default_status is DefaultSensorStatus.RUNNING
    first = sensor.evaluate_tick(build_sensor_context(dagster_instance))
    [event] = first.asset_events
    assert (event.asset_key, event.check_name, event.passed) == (ALARMS, "api_file_is_valid", False)
    assert "alarms.yaml:2: resuorces: unknown key" in event.description
    assert first.skip_message == "The API file of alarms is broken."
    again = sensor.evaluate_tick(build_sensor_context(dagster_instance, cursor=first.cursor))
    assert (again.asset_events, again.skip_message) == ([], first.skip_message)
    other = sensor.evaluate_tick(build_sensor_context(dagster_instance, cursor="of other mistakes"))
    assert len(other.asset_events) == 1


def test_two_broken_files_of_one_name_are_both_told() -> None:
    told = {name: InvalidDescription([Problem(f"{name}.yaml", 1, "x", "is odd")]) for name in ("Chat-A", "chat_a")}
    [spec] = broken_definitions(told).resolve_all_asset_specs()
    assert all(f"{name}.yaml" in str(spec.description) for name in told)


def test_where_no_file_is_broken_nothing_looks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VALIDATION, "1")
    assert broken_definitions({}) == Definitions(assets=[], sensors=[])


def test_a_look_for_mistakes_fails_with_those_of_all_files(
    one_broken: Definitions, clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(clean_room / "apis", "mails", FILE.replace("client:", "cleint:"))
    monkeypatch.setenv(VALIDATION, "1")
    with pytest.raises(InvalidDescription, match=r"alarms\.yaml:2: resuorces: unknown key(.|\n)*mails\.yaml:1: cleint"):
        build_code_location()


@pytest.mark.parametrize("executor", ["in_process", "multiprocess"])
def test_one_variable_chooses_the_executor(executor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSAGING_ASSETS_EXECUTOR", executor)
    assert build_code_location().resolve_job_def("messaging_sync").executor_def.name == executor


def test_an_executor_of_another_package_is_imported_when_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    there = ModuleType("dagster_celery")
    there.celery_executor = in_process_executor  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "dagster_celery", there)
    monkeypatch.setenv("MESSAGING_ASSETS_EXECUTOR", "celery")
    assert chosen_executor() is in_process_executor


@pytest.mark.parametrize(("executor", "module"), [("celery", "dagster_celery"), ("k8s", "dagster_k8s")])
def test_an_executor_that_is_not_installed_is_told_with_what_installs_it(
    executor: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("MESSAGING_ASSETS_EXECUTOR", executor)
    with pytest.raises(
        MendSettings, match=rf"'{executor}' is not installed; pip install 'messaging_assets\[{executor}\]'"
    ):
        build_code_location()


def test_a_mistyped_executor_is_refused_with_the_words_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSAGING_ASSETS_EXECUTOR", "multi_process")
    with pytest.raises(MendSettings, match="'multi_process'; set it to in_process, multiprocess, celery or k8s"):
        build_code_location()


def test_definitions_with_an_executor_of_their_own_can_be_merged_with_these() -> None:
    own = Definitions(executor=multiprocess_executor.configured({"max_concurrent": 2}))
    merged = Definitions.merge(build_code_location(), own)
    assert merged.resolve_job_def("messaging_sync").executor_def is own.executor


def test_an_asset_looks_at_the_resources_that_it_asks_for_and_no_others() -> None:
    """Else each asset would look at every API's, and 1,000 files would take minutes."""
    looked: list[str] = []

    class Watched(dict[str, Any]):
        def items(self) -> Any:
            looked.append("items")
            return super().items()

    with disable_dagster_warnings():
        definitions = build_code_location()
        asset = definitions.resolve_assets_def(AssetKey(["messaging", "messages"]))
        bare = asset.__class__(**{**asset.get_attributes_dict(), "resource_defs": {}})
        top_level = definitions.get_repository_def().get_top_level_resources()
        bound = bare.with_resources(Watched(io_manager=fs_io_manager, **top_level))
    assert set(bound.resource_defs) == {"io_manager", "messaging_credentials"}
    assert looked == []


@pytest.mark.parametrize("key", [AssetKey(["messaging", "messages"]), AssetKey(["reports", "of_messages"])])
def test_a_job_has_its_own_assets_and_resources_whatever_else_the_location_has(key: AssetKey) -> None:
    """Else each job would hold every API's, and the UI would wait minutes for 1,000 files."""

    @asset_check(asset=key)
    def of_the_project() -> AssetCheckResult:
        return AssetCheckResult(passed=True)

    @asset(key=AssetKey(["reports", "of_messages"]), deps=[AssetKey(["messaging", "messages"])])
    def report() -> None: ...

    definitions = Definitions.merge(build_code_location(), Definitions([report], asset_checks=[of_the_project]))
    job = definitions.resolve_job_def("messaging_sync")
    assert set(job.resource_defs) == {"io_manager", "messaging_credentials"}
    of_its_asset = {"messaging__messages_of_the_project"} if key.path[0] == "messaging" else set()
    assert {node.name for node in job.nodes} == {"messaging__messages", *of_its_asset}


@pytest.mark.parametrize("first", ["", "import duckdb; "])
def test_a_program_that_loads_the_front_door_ends_without_a_word(first: str) -> None:
    done = run(sys.executable, "-c", f"{first}import messaging_assets.definitions, duckdb")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_program_that_ends_does_not_take_the_definitions_apart() -> None:
    last = "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count() > 100_000, gc.isenabled()))"
    sync = "from messaging_assets.loading.undisturbed import undisturbed\nwith undisturbed(): pass"
    done = run(sys.executable, "-c", f"{last}\nimport messaging_assets.definitions\n{sync}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "True False\n", "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[runtime]\nslack_incoming_hook = "hook-77"\n', "slack_incoming_hook is a secret, and dlt takes none"),
        ("[runtime]\nlog_format = '{foo'\n", "dlt does not begin with its settings"),
        ("[runtime]\nlog_level = 'LOUD'\n", r"\.dlt/config\.toml: runtime\.log_level"),
        ("[runtime\nslack_incoming_hook = 'hook-77'\n", r"\.dlt/config\.toml, line 1: this is not TOML"),
    ],
    ids=lambda words: words.split()[-1],
)
def test_a_setting_with_which_dlt_does_not_begin_is_told_to_who_builds_definitions(
    text: str, told: str, clean_room: Path
) -> None:
    folder = Path(os.environ["DLT_PROJECT_DIR"], ".dlt")
    folder.mkdir()
    (folder / "config.toml").write_text(text)
    with pytest.raises(MendSettings, match=told) as refused:
        messaging_assets.definitions_for(
            {"client": {"base_url": "https://api.example.com"}, "resources": ["a"]}, "chat"
        )
    assert "hook-77" not in str(refused.value)
    assert refused.value.__suppress_context__, "dlt's own error comes before the sentence"


def test_a_broken_file_of_dlts_in_the_users_home_is_named_with_its_line(clean_room: Path) -> None:
    (clean_room / "dlt" / "config.toml").write_text("[runtime]\nslack_incoming_hook = hook-77\n")
    with pytest.raises(MendSettings, match=r"dlt/config\.toml, line 2 is not TOML") as refused:
        messaging_assets.definitions_for(
            {"client": {"base_url": "https://api.example.com"}, "resources": ["a"]}, "chat"
        )
    assert "hook-77" not in str(refused.value)


def test_definitions_are_built_of_the_path_of_an_api_file(clean_room: Path) -> None:
    file = clean_room / "chat.yaml"
    file.write_text("client: {base_url: https://api.example.com}\naccounts: [emea, apac]\nresources: [users]\n")
    keys = messaging_assets.definitions_for(file).resolve_asset_graph().get_all_asset_keys()
    assert sorted(key.to_user_string() for key in keys) == ["chat_apac/users", "chat_emea/users"]
    with pytest.raises(InvalidDescription, match=r"nothing\.yaml"):
        messaging_assets.definitions_for(str(clean_room / "nothing.yaml"))
    with pytest.raises(InvalidDescription, match=r"^description: must be a mapping, not text"):
        messaging_assets.definitions_for(file.read_text())
    with pytest.raises(MendDescription, match="read it with read_apis"):
        messaging_assets.definitions_for(file, credentials={"token": "of-one"})


def test_a_project_that_builds_definitions_itself_reports_no_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TELEMETRY_OFF:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    messaging_assets.definitions_for({"client": {"base_url": "https://api.example.com"}, "resources": ["a"]}, "chat")
    assert Container()[PluggableRunContext].context.runtime_config.dlthub_telemetry is False


def test_a_code_location_is_loaded_without_arrow_storage_or_what_reads_an_api() -> None:
    heavy = (
        "pyarrow",
        "duckdb",
        "sqlalchemy",
        "alembic",
        "messaging_assets.loading.passes",
        "messaging_assets.reading.page",
    )
    words = f"import sys, messaging_assets.definitions; print([one for one in {heavy} if one in sys.modules])"
    loaded = run(sys.executable, "-c", words)
    assert loaded.stdout.strip() == "[]", loaded.stderr
