"""Other products that read the same API into DuckDB, each in a virtual environment of its own."""
