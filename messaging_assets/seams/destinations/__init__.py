"""Destinations of dlt, each with what a sync needs of it and dlt's own does otherwise.

Imports foundation and seams. DuckDB waits for other writers, PostgreSQL gets its rows by COPY, MySQL and SQLite get
columns that keep every value.
"""
