"""A resource as a Dagster asset: its op, its checks, its metadata.

Imports the rooms above; touches Dagster.
"""
