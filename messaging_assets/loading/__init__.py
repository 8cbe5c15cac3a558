"""One read from the first page to the last, loaded in parts.

Imports the rooms above; touches dlt's pipelines.
"""
