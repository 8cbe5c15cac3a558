"""The reader of `dg.toml` and `pyproject.toml` that `dg` itself uses; it needs no Dagster."""

# Since Dagster 1.13.1: which file is a project's, which of two layouts it has, and what it says.
from dagster_shared.utils.config import detect_dg_config_file_format, discover_config_file, load_toml_as_dict

__all__ = ["detect_dg_config_file_format", "discover_config_file", "load_toml_as_dict"]
