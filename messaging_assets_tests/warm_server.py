"""What the server of `own_process.py` imports when it starts, so that each process is forked warm."""

from messaging_assets.seams.dlt_lookups import shorten_lookups
from messaging_assets_tests import conftest, known_answers, own_process

__all__ = ["conftest"]

shorten_lookups()
known_answers.remember_migrations()
own_process.import_all()
