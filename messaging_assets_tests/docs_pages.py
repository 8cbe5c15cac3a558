"""A page of docs/ as a story: its blocks are run from top to bottom, in one folder, against the sandbox.

The first line of a block says what it is: a language, and for most of them a word more.

    ```yaml apis/chat.yaml      an API file; commands below find it
    ```yaml resource            keys of a resource; also `client`, `endpoint`, `file`: the rest of the file is made up
    ```yaml run.yaml            run config, for the jobs of the API files above
    ```yaml defs.yaml           a component
    ```yaml dagster.yaml        settings of a Dagster instance
    ```yaml workspace.yaml      a workspace
    ```yaml kubernetes          a manifest, or values of a chart; variables in it are ones that something reads
    ```yaml airbyte             what somebody else's program reads, as manifest.yaml; also `meltano`, as meltano.yml
    ```dockerfile               its commands exist, its variables are ones that something reads
    ```toml .dlt/secrets.toml   also .dlt/config.toml: each of its keys is found by dlt
    ```sh                       commands, which must succeed; `...` stands for a secret
    ```text                     lines that the commands above print; a line `...` stands for others
    ```sql                      a query of the default database, which must find rows
    ```json run_failed          what an alert posts; also `checks_failed`
    ```sh project               is run in examples/project, by test_example_project.py; also ```text project
    ```python                   is executed, and kept as pipeline.py; names stay for the blocks below
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
import tomlkit
import yaml
from click.testing import CliRunner

from messaging_assets.assets.credentials import build_credentials
from messaging_assets.cli import main
from messaging_assets.description.authentication import ApiKeyAuth, OAuth2ClientCredentialsAuth
from messaging_assets.description.names import variable
from messaging_assets.destination.pipelines import build_pipeline
from messaging_assets.files.api_files import FOLDERS_VARIABLE, describe_accounts, read_file
from messaging_assets.foundation.folders import project_folders
from messaging_assets.http.pace import gate
from messaging_assets.orchestration import executors
from messaging_assets.orchestration.alerts import delivery, messages, sensors
from messaging_assets.orchestration.alerts.news import RED, News
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets.orchestration.component import RestApi
from messaging_assets.sandbox import Sandbox
from messaging_assets_tests.programs import CHECKOUT, run

_OWN_VARIABLES = {
    FOLDERS_VARIABLE,
    "MESSAGING_ASSETS_HOME",
    executors.EXECUTOR_VARIABLE,
    gate.GATE_VARIABLE,
    delivery.WEBHOOK_VARIABLE,
    delivery.FORMAT_VARIABLE,
    delivery.SMTP_VARIABLE,
    delivery.TO_VARIABLE,
    delivery.FROM_VARIABLE,
    sensors.QUIET_VARIABLE,
    messages.DAGSTER_VARIABLE,
}
_DAGSTER_VARIABLES = {"DAGSTER_HOME"}
# OpenTelemetry's own, which its SDK and its exporter read.
_OTEL_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SERVICE_NAME")
_DLT_VARIABLES = re.compile(r"(DESTINATION(_TYPE|__[A-Z0-9_]+)|DLT_DATA_DIR|DLT_PROJECT_DIR)")
# The API that pages speak of before they show its file.
_FIRST = {"team_chat": ("api_key", "base_url")}
_PROGRAMS = {"dagster", "dg", "dagster-webserver", "dagster-daemon", "messaging-assets"}


class Block(NamedTuple):
    """A fenced block: its language, the word behind it, its text."""

    language: str
    word: str
    text: str


def blocks_of(markdown: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found = re.findall(r"^```([^\n`]*)\n(.*?)^```$", markdown, re.DOTALL | re.MULTILINE)
    words = [(first.partition(" "), text) for first, text in found]
    return [Block(language, word.strip(), text) for (language, _, word), text in words]


def in_a_pipe(line: str) -> str:
    """What a page shows of a terminal, as a pipe has it: a table without the lines between its cells."""
    return " ".join(line.replace("│", " ").split())


class Page:
    """Runs blocks in a folder of their own.

    Args:
        sandbox: plays the APIs of the page.
        folder: where files are written and commands run.
        monkeypatch: sets what `export` sets.
    """

    def __init__(self, sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._sandbox, self._folder, self._patch = sandbox, folder, monkeypatch
        self._names: dict[str, Any] = {}
        self._printed = ""
        self._destination: dict[str, str] = {}
        (folder / "apis").mkdir(parents=True)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("MESSAGING_ASSETS_HOME", str(folder))
        monkeypatch.setenv("DLT_PROJECT_DIR", str(folder))
        for name in _FIRST["team_chat"]:
            monkeypatch.setenv(
                variable("team_chat", name), {**self._secrets, "base_url": f"{sandbox.url}/messaging"}[name]
            )
        _read_settings_anew()

    def run(self, block: Block) -> None:
        """Run one block; fails where nothing here knows how."""
        if block.word == "project":
            return
        runner: Callable[[Block], None] | None = getattr(self, f"_run_{block.language}", None)
        if runner is None:
            pytest.fail(f"nothing here runs a block of '{block.language}'")
        runner(block)

    def _run_yaml(self, block: Block) -> None:
        parsed = yaml.safe_load(block.text)
        if block.word.startswith("apis/"):
            self._api_file(block)
        elif block.word in _COMPLETED:
            for error in describe_accounts(_COMPLETED[block.word](parsed), "team_chat").broken.values():
                raise error
        elif block.word == "run.yaml":
            (self._folder / block.word).write_text(block.text)
            self._run_config(parsed)
        elif block.word == "dagster.yaml":
            self._instance(block.text)
        elif block.word == "defs.yaml":
            assert parsed["type"] == f"{RestApi.__module__.split('.')[0]}.{RestApi.__name__}", (
                "there is no such component"
            )
            model = RestApi.get_model_cls()
            assert model is not None
            model.model_validate(parsed["attributes"])
        elif block.word == "workspace.yaml":
            assert [one["python_module"]["module_name"] for one in parsed["load_from"]] == [
                "messaging_assets.definitions"
            ]
        elif block.word == "kubernetes":
            self._variables(_named_in(parsed))
        elif block.word in _THEIRS:
            key, name = _THEIRS[block.word]
            assert key in parsed, f"there is no {key} in it"
            (self._folder / name).write_text(block.text)
        else:
            words = ", ".join(["apis/<name>.yaml", *_COMPLETED, *_THEIRS])
            pytest.fail(f"a block of yaml is {words} or a file, not '{block.word}'")

    def _api_file(self, block: Block) -> None:
        file = self._folder / block.word
        file.write_text(block.text)
        api = read_file(file)
        own = build_credentials(api)
        played = "messaging"
        for auth in map(api.auth_of, api.resources_in_full.values()):
            if isinstance(auth, OAuth2ClientCredentialsAuth):
                played = "team_messaging"
                self._patch.setenv(variable(api.name, "token_url"), f"{self._sandbox.url}/{played}/oauth/token")
            elif isinstance(auth, ApiKeyAuth):
                self._sandbox.settings.key_in, self._sandbox.settings.key_name = auth.location, auth.name
        self._patch.setenv(variable(api.name, "base_url"), f"{self._sandbox.url}/{played}")
        for name in type(own).model_fields.keys() & self._secrets.keys():
            self._patch.setenv(variable(api.name, name), self._secrets[name])

    @property
    def _secrets(self) -> dict[str, str]:
        client_id, client_secret = self._sandbox.client
        key = self._sandbox.keys["messaging"]
        return {"api_key": key, "token": key, "client_id": client_id, "client_secret": client_secret}

    def _run_config(self, parsed: Any) -> None:
        from dagster import validate_run_config

        jobs = [job for api in self._apis() for job in definitions_for(api).resolve_all_job_defs()]
        names = {f"{api.name}__{resource}" for api in self._apis() for resource in api.resources_in_full}
        assert set(parsed["ops"]) <= names
        [job] = [job for job in jobs if {node.name for node in job.nodes} >= set(parsed["ops"])][:1]
        assert validate_run_config(job, parsed)

    def _apis(self) -> list[Any]:
        return [read_file(file) for file in sorted((self._folder / "apis").glob("*.yaml"))]

    def _instance(self, text: str) -> None:
        from dagster import DagsterInstance

        home = self._folder / "dagster_home"
        home.mkdir()
        (home / "dagster.yaml").write_text(text)
        with DagsterInstance.from_config(str(home)) as instance:
            assert instance.get_runs_count() == 0

    def _run_dockerfile(self, block: Block) -> None:
        lines = [shlex.split(line) for line in block.text.replace("\\\n", " ").splitlines() if line.strip()]
        self._variables([part.split("=")[0] for first, *rest in lines if first == "ENV" for part in rest])
        for first, *rest in lines:
            if first == "CMD":
                assert yaml.safe_load(" ".join(rest))[0] in _PROGRAMS

    def _variables(self, names: list[str]) -> None:
        named = {api.name: type(build_credentials(api)).model_fields for api in self._apis()}
        apis = {variable(api, name) for api, fields in {**_FIRST, **named}.items() for name in fields}
        for name in names:
            known = name in {*_OWN_VARIABLES, *_DAGSTER_VARIABLES, *_OTEL_VARIABLES, *apis} or _DLT_VARIABLES.fullmatch(
                name
            )
            assert known, f"nothing reads {name}"

    def _run_toml(self, block: Block) -> None:
        import dlt

        assert block.word in (".dlt/secrets.toml", ".dlt/config.toml"), f"toml is a file of dlt's, not '{block.word}'"
        (self._folder / ".dlt").mkdir(exist_ok=True)
        leaves = dict(_leaves(tomlkit.parse(block.text).unwrap()))
        text = block.text
        for path, value in leaves.items():
            if value == "..." and path.startswith("sources."):
                _, api, name = path.split(".")
                # From here on it comes from the file.
                self._patch.delenv(variable(api, name))
                text = text.replace(f'{name} = "..."', f'{name} = "{self._secrets[name]}"')
        (self._folder / block.word).write_text(text)
        _read_settings_anew()
        provider = dlt.secrets if "secrets" in block.word else dlt.config
        for path, value in leaves.items():
            assert value == "..." or provider[path] == value

    def _run_sh(self, block: Block) -> None:
        self._printed = ""
        text = block.text.replace("http://127.0.0.1:8765", self._sandbox.url)
        for line in text.replace("\\\n", " ").splitlines():
            command = shlex.split(line, comments=True)
            if command:
                self._command(command)
        self._check_destination()

    def _check_destination(self) -> None:
        """What was exported is where tables would go; from here on they go to the default again."""
        if not self._destination:
            return
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self._destination.items():
                patch.setenv(name, value)
            _read_settings_anew()
            [api, *_] = self._apis()
            [resource, *_] = api.resources_in_full.values()
            pipeline = build_pipeline(api, resource, project_folders())
            assert pipeline.destination.destination_type.endswith(f".{self._destination['DESTINATION_TYPE']}")
            assert pipeline.destination_client().config
        self._destination.clear()
        _read_settings_anew()

    def _command(self, command: list[str]) -> None:
        match command:
            case ["export", setting]:
                name, value = setting.split("=", 1)
                self._variables([name])
                if name.startswith("DESTINATION"):
                    self._destination[name] = value
                elif "..." not in value:
                    self._patch.setenv(name, value)
            case ["make", target]:
                is_known = f"\n{target}: " in (CHECKOUT / "Makefile").read_text(encoding="utf-8")
                assert is_known, f"make knows no {target}"
            case [".ci/run"]:
                assert os.access(CHECKOUT / ".ci" / "run", os.X_OK), "there is no .ci/run"
            case ["messaging-assets", "dev" | "demo" | "sandbox" as verb]:
                assert CliRunner().invoke(main, [verb, "--help"]).exit_code == 0
            case ["messaging-assets" | ".venv/bin/messaging-assets", *arguments]:
                shown = CliRunner().invoke(main, arguments)
                self._printed += shown.output
                assert shown.exit_code == 0, shown.output
            case ["dagster" | "dg", *_]:
                done = run(*command, cwd=self._folder)
                self._printed += done.stdout + done.stderr
                assert done.returncode == 0, done.stdout + done.stderr
            case _:
                pytest.fail(f"nothing here runs {shlex.join(command)}")

    def _run_text(self, block: Block) -> None:
        if block.word == "demo":
            # What `make demo` prints; cli/test_demo.py compares it.
            return
        printed = " ".join(self._printed.split())
        for line in block.text.splitlines():
            words = in_a_pipe(line)
            assert words == "..." or words in printed, f"'{words}' is not in: {printed}"

    def _run_json(self, block: Block) -> None:
        assert block.word == "alert", f"json is what an alert posts, not '{block.word}'"
        posted = messages.as_json([News(RED, "", "", 0)])
        shown = json.loads(block.text)
        for keys, known in ((shown, posted), *((one, posted["news"][0]) for one in shown["news"])):
            assert keys.keys() == known.keys(), f"an alert has the keys {', '.join(known)}"

    def _run_sql(self, block: Block) -> None:
        with duckdb.connect(str(project_folders().make().database)) as connection:
            assert connection.execute(block.text).fetchall(), "the query finds nothing"

    def _run_python(self, block: Block) -> None:
        with (self._folder / "pipeline.py").open("a") as file:
            file.write(block.text)
        exec(compile(block.text, "a block of python", "exec"), self._names)


def _read_settings_anew() -> None:
    from dlt.common.configuration.container import Container

    Container.reset_main_thread()


def _resource(keys: Mapping[str, Any]) -> dict[str, Any]:
    own = {"name": "messages", "primary_key": "id", "write_disposition": "merge", "endpoint": "/v1/messages", **keys}
    if isinstance(own["endpoint"], dict):
        own["endpoint"] = {"path": "/v1/messages", **own["endpoint"]}
    return _file({"resources": ["channels", own]})


def _file(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {"client": {"base_url": "https://api.example.com"}, "resources": ["messages"], **keys}


_COMPLETED: dict[str, Callable[[Any], dict[str, Any]]] = {
    "file": _file,
    "client": lambda keys: _file({"client": {"base_url": "https://api.example.com", **keys}}),
    "resource": _resource,
    "endpoint": lambda keys: _resource({"endpoint": {"path": "/v1/messages", **keys}}),
}
# By whose it is: a key that such a file has, and what it is called.
_THEIRS = {
    "airbyte": ("streams", "manifest.yaml"),
    "meltano": ("plugins", "meltano.yml"),
    "sling": ("endpoints", "spec.yaml"),
}


def _named_in(value: Any) -> list[str]:
    """The names of environment variables in a manifest: of lists below `env`."""
    if isinstance(value, list):
        return [name for one in value for name in _named_in(one)]
    if not isinstance(value, dict):
        return []
    own = [one["name"] for one in value.get("env", [])] if isinstance(value.get("env"), list) else []
    return own + [name for one in value.values() for name in _named_in(one)]


def _leaves(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, one in value.items():
        if isinstance(one, dict):
            yield from _leaves(one, f"{path}{name}.")
        else:
            yield f"{path}{name}", one
