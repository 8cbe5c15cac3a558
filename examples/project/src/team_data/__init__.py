"""An API, DuckDB, a dbt model and Python assets in one Dagster project."""
