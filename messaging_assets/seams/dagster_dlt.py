"""The one door to dagster-dlt: by dagster-embedded-elt where that is installed, else directly.

dagster-embedded-elt is frozen and pins one release of Dagster. Its names are those of dagster-dlt, so a project on a
newer Dagster leaves it out and changes nothing else.
"""

import warnings

try:
    with warnings.catch_warnings():
        # It says on import that it is deprecated; exactly that warning is silenced.
        warnings.filterwarnings("ignore", message=r".*`dagster-embedded-elt` library")
        from dagster_embedded_elt.dlt import DagsterDltResource, DagsterDltTranslator, build_dlt_asset_specs
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] != "dagster_embedded_elt":
        raise
    from dagster_dlt import DagsterDltResource, DagsterDltTranslator, build_dlt_asset_specs

# Since dagster-dlt 0.29.1: the one type that dagster-embedded-elt uses but does not export.
from dagster_dlt.translator import DltResourceTranslatorData

__all__ = ["DagsterDltResource", "DagsterDltTranslator", "DltResourceTranslatorData", "build_dlt_asset_specs"]
