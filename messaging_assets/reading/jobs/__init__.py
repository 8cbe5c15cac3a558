"""Exports that an API makes by and by: begun, looked at until they are done, fetched file by file, and deleted.

May import `http/` and what stands above it, and touches a file of notes; it knows no table.
"""
