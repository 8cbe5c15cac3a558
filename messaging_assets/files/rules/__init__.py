"""What a description may not say, beyond its shape: each mistake has its place and what to do.

It imports `description/` and `foundation/`. It reads no file and knows neither Dagster nor dlt.
"""
