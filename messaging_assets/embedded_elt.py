"""The one door to dagster-embedded-elt.

The package is deprecated in favour of dagster-dlt and says so on import; exactly that warning is silenced.
Moving on is this file: import the first three names from `dagster_dlt`.
"""

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message=r".*`dagster-embedded-elt` library")
    from dagster_embedded_elt.dlt import DagsterDltResource, DagsterDltTranslator, build_dlt_asset_specs

# The one type that dagster-embedded-elt uses but does not export.
from dagster_dlt.translator import DltResourceTranslatorData

__all__ = ["DagsterDltResource", "DagsterDltTranslator", "DltResourceTranslatorData", "build_dlt_asset_specs"]
