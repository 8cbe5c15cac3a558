"""Whether a dataset can be in the DuckDB file that the settings name; told before the API is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dlt

from messaging_assets.destination.profile import DestinationProfile
from messaging_assets.destination.unreadable_settings import unreadable_setting
from messaging_assets.seams.dlt_names import TerminalException, ValueNotSecretException


def unfit_file(profile: DestinationProfile, dataset_name: str) -> str | None:
    """Why the file cannot have the dataset, and what to do; None where it can.

    Args:
        profile: the destination.
        dataset_name: the dataset.
    """
    # Ours has its path given; nothing else is to be looked up for it.
    if profile.kind != "duckdb" or profile.destination.config_params.get("credentials"):
        return None
    where = f"DESTINATION__{profile.name.upper()}__CREDENTIALS"
    try:
        client: Any = dlt.dataset(profile.destination, dataset_name, profile.new_schema("none")).destination_client
    except ValueNotSecretException as error:
        return "; ".join(unreadable_setting(error) or ()) + "."
    except (TerminalException, RuntimeError):
        # dlt's `:memory:` and `:pipeline:`
        return f"DuckDB in memory, or in a working folder, loses its rows; name a file: {where}=/data/lake.duckdb."
    file = Path(str(client.config.credentials.database))
    if client.config.credentials.read_only:
        return f"the DuckDB file is opened for reading alone; take read_only out of {where}."
    if not file.parent.is_dir():
        return f"the folder of the DuckDB file is not there; make {file.parent}, or name another file: {where}."
    if file.stem.lower() in (dataset_name.lower(), f"{dataset_name}_staging".lower()):
        return (
            f"DuckDB cannot tell the dataset {dataset_name} from its file {file.name}; give the file another name "
            f"({where}), or the data another dataset."
        )
    return None
