"""Nested rows into tables as dlt makes them, a column at a time where dlt goes value by value.

Imports nothing of ours. Names, levels, ids and types are asked of dlt's own normalizer. What is not plain is left to
it: a column or table that is not there yet, a value of another type, a list of both lists and objects.
"""
