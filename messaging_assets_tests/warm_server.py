"""What the server of `own_process.py` imports when it starts, so that each process is forked warm."""

from messaging_assets_tests import conftest, known_hints, own_process

__all__ = ["conftest"]

known_hints.remember_hints()
own_process.import_all()
