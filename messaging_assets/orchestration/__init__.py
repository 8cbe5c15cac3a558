"""What became of syncs; whole APIs as definitions, and as a component of `dg`.

Imports the rooms above; touches Dagster.
"""
