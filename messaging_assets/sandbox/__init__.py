"""A real HTTP server that plays the five shipped APIs, with faults on request.

    with Sandbox(seed=7) as sandbox:
        sandbox.fault(Fault(status=429, headers={"Retry-After": "1"}, times=2, api="messaging"))
        ...  # sync against sandbox.url
        assert len(sandbox.asked("messaging", "messages")) == 28

The demo, the tests and the benchmarks run against it. `python -m messaging_assets.sandbox` is the same
server as a command. It listens on loopback only, and none of its secrets guards anything.

    data.py         the rows, from a seed number
    settings.py     how the server behaves towards everybody
    pages.py        which rows one request is given
    faults.py       what goes wrong, for whom, how often
    application.py  request in, answer out: addresses, credentials, tokens
    control.py      `/_control`, for tests that run the server in another process
    played_apis.py  what it has and was asked: rows, settings, faults, requests
    serving.py      the socket, and the thread that answers there
    server.py       the Python interface of all that
"""

from messaging_assets.sandbox.faults import Fault
from messaging_assets.sandbox.server import Sandbox
from messaging_assets.sandbox.settings import Request, Settings

__all__ = ["Fault", "Request", "Sandbox", "Settings"]
