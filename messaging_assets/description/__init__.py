"""The shape of an API file, as frozen pydantic models.

Imports foundation; never dlt, Dagster, a file or a socket.
"""
