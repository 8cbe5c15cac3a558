"""The table of one resource: its connection, what earlier syncs left there, and which rows go.

Imports the rooms above; touches the destination, and never the API.
"""
