"""What Dagster shows of a sync: its receipt, the table's columns, and neither with a secret in it.

Imports the rooms above; touches Dagster's metadata values.
"""
