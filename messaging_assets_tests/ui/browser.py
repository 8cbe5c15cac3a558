"""A headless Chromium, driven over the WebDriver protocol (https://www.w3.org/TR/webdriver2/)."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

# Nothing of a browser's own traffic, and no sandbox, which containers refuse.
_ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--window-size=1500,1000", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip


class Browser:
    """One window.

    Args:
        session: the WebDriver session's address.
    """

    def __init__(self, session: str) -> None:
        self._session = session

    def open(self, address: str, *words: str, seconds: float = 30) -> str:
        """Open an address and wait until its text holds all of `words`.

        Returns:
            The page's text.

        Raises:
            AssertionError: a word did not come; the text that did is in it.
        """
        self._post("url", {"url": address})
        return self._text_with(words, address, seconds)

    def press(self, label: str, *words: str) -> str:
        """Press what shows exactly this label, and wait until the page's text holds all of `words`; return the text."""
        script = "[...document.querySelectorAll('*')].filter(e => e.innerText === arguments[0]).at(-1).click()"
        self._post("execute/sync", {"script": script, "args": [label]})
        return self._text_with(words, f"behind {label} the page", 30)

    def _text_with(self, words: tuple[str, ...], place: str, seconds: float) -> str:
        end = time.monotonic() + seconds
        while True:
            text = self.text()
            missing = [word for word in words if word not in text]
            if not missing:
                return text
            assert time.monotonic() < end, f"{place} lacks {missing}; it shows:\n{text}"
            time.sleep(0.3)

    def text(self) -> str:
        """The text that a person can read on the page."""
        return str(self._post("execute/sync", {"script": "return document.body.innerText", "args": []}) or "")

    def picture(self, file: Path) -> None:
        """Save what the window shows as a PNG file, once it has come to rest."""
        time.sleep(1.5)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(self._value(requests.get(f"{self._session}/screenshot", timeout=60))))

    def _post(self, command: str, body: dict[str, Any]) -> Any:
        return self._value(requests.post(f"{self._session}/{command}", json=body, timeout=60))

    @staticmethod
    def _value(answer: requests.Response) -> Any:
        value = answer.json()["value"]
        assert answer.ok, value
        return value


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start chromedriver and a window; both end with the block.

    Args:
        profile: an empty folder for the browser's own files.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/status")
        options = {"args": [*_ARGUMENTS, f"--user-data-dir={profile}"], "binary": shutil.which("chromium")}
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        answer = requests.post(f"{address}/session", json=wanted, timeout=60).json()["value"]
        assert "sessionId" in answer, answer
        session = f"{address}/session/{answer['sessionId']}"
        yield Browser(session)
        requests.delete(session, timeout=60)
    finally:
        driver.terminate()
        driver.wait()


def _wait_for(address: str) -> None:
    for _ in range(100):
        try:
            requests.get(address, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"nothing answers at {address}")
