"""A resource as a Dagster asset: its op and its checks.

Imports the rooms above; touches Dagster.
"""
