"""`messaging-assets dev` sees files that change, and what an earlier one left that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner

from messaging_assets.cli import dev as development
from messaging_assets_tests.programs import environment
from messaging_assets_tests.running_dagster import free_port

API = "client: {base_url: 'https://api.example.com'}\nresources: [list]\n"
HOLDER = """\
import sys
from pathlib import Path
from messaging_assets.cli import dev
with dev.only_one(Path(sys.argv[1])) as lock:
    dev._run_until_told([sys.executable, "-c", "import time; time.sleep(600)"], {}, None, lock)
"""


def test_what_outlives_one_that_was_killed_is_named_to_the_next(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(development, "_run_until_told", lambda *command: 0)
    arguments = ["--port", str(free_port()), "--no-sandbox"]
    home = clean_room / "dagster"
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(home)], env=environment())
    while not (lock := home / ".dev.lock").exists() or not lock.read_text():
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    left = int(lock.read_text())
    try:
        done = CliRunner().invoke(development.dev, arguments)
        assert f"dev runs on {home} already (process {left}); end it first" in done.output
    finally:
        os.kill(left, signal.SIGKILL)
    while (done := CliRunner().invoke(development.dev, arguments)).exit_code:
        assert "already" in done.output
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ('{"data": {"reloadWorkspace": {"locationEntries": []}}}', "so the code location was loaded anew"),
        ('{"__typename": "PythonError"}', "and the code location cannot be loaded; its error is above"),
    ],
)
def test_a_reload_says_how_it_went(answer: str, told: str) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        assert development._reload("0.0.0.0", server.server_port) == told
        server.shutdown()
    assert development._reload("127.0.0.1", server.server_port) is None


def test_a_file_that_a_component_names_is_watched_wherever_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, defs = tmp_path / "elsewhere" / "own.yaml", tmp_path / "src" / "mine" / "defs" / "own"
    for folder in (file.parent, defs):
        folder.mkdir(parents=True)
    file.write_text(API)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "mine"\n'
    )
    (defs / "defs.yaml").write_text(f"type: messaging_assets.RestApi\nattributes: {{file: {file}}}\n")
    monkeypatch.setenv("MESSAGING_ASSETS_HOME", str(tmp_path))
    assert {file, defs / "defs.yaml"} <= development._watched().keys()
