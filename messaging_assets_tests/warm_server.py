"""What the server of `own_process.py` imports when it starts, so that each process is forked warm."""

from messaging_assets.seams.dagster_storage import remember_storage
from messaging_assets.seams.dlt_settings import remember_hints
from messaging_assets_tests import conftest, own_process

__all__ = ["conftest"]

remember_hints()
remember_storage()
own_process.import_all()
