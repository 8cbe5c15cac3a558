"""When assets are synced, what became of it, and who is told; whole APIs as definitions, and as a component of `dg`.

Imports the rooms above; touches Dagster.
"""
