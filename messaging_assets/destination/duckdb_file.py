"""Whether a dataset can be in the file of DuckDB or SQLite that the settings name, and what DuckDB itself may lack."""

from __future__ import annotations

from pathlib import Path

from messaging_assets.destination.profile import DestinationProfile
from messaging_assets.destination.unreadable_settings import unreadable_setting
from messaging_assets.foundation.failures import MendSettings, SyncFailure, TryAgainLater, causes
from messaging_assets.seams.dlt_names import TerminalException, ValueNotSecretException
from messaging_assets.seams.foreign_words import missing_extension


def unfit_file(profile: DestinationProfile, dataset_name: str) -> str | None:
    """Why the file cannot have the dataset, and what to do; None where it can.

    Args:
        profile: the destination.
        dataset_name: the dataset.
    """
    if profile.kind == "sqlalchemy":
        return _lost_in_memory(profile)
    # Ours has its path given; nothing else is to be looked up for it.
    if profile.kind != "duckdb" or profile.destination.config_params.get("credentials"):
        return None
    where = f"DESTINATION__{profile.name.upper()}__CREDENTIALS"
    try:
        client = profile.client(dataset_name)
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
    if file.is_dir():
        return f"{where} names a folder; name a file in it: {file / 'lake.duckdb'}."
    if file.stem.lower() in (dataset_name.lower(), f"{dataset_name}_staging".lower()):
        return (
            f"DuckDB cannot tell the dataset {dataset_name} from its file {file.name}; give the file another name "
            f"({where}), or the data another dataset."
        )
    return None


def _lost_in_memory(profile: DestinationProfile) -> str | None:
    url = profile.client().config.credentials.engine.url
    if url.get_backend_name() != "sqlite" or url.database != ":memory:":
        return None
    where = f"DESTINATION__{profile.name.upper()}__CREDENTIALS"
    return f"SQLite in memory loses its rows; name a file: {where}=sqlite:////data/lake.db."


def lacking_extension(error: BaseException, where: str) -> SyncFailure | None:
    """What to say where DuckDB has not an extension that the settings ask for; None where it is something else.

    Args:
        error: of DuckDB's own, or what was raised from it.
        where: the asset.
    """
    found = next(filter(None, (missing_extension(str(one)) for one in causes(error))), None)
    if found is None:
        return None
    name, fetched = found
    how = "could not be fetched" if fetched else "is not installed for this user"
    mend = f"run INSTALL {name} in DuckDB where extensions.duckdb.org can be reached, and bring its ~/.duckdb here"
    return (TryAgainLater if fetched else MendSettings)(f"DuckDB's extension {name} {how}", mend, where=where)
