"""What the server of `own_process.py` imports when it starts, so that each process is forked warm."""

from messaging_assets.seams.dagster_storage import remember_storage
from messaging_assets.seams.dlt_lookups import shorten_lookups
from messaging_assets_tests import conftest, own_process

__all__ = ["conftest"]

shorten_lookups()
remember_storage()
own_process.import_all()
