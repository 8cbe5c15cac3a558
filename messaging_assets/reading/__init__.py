"""One list of the API, page by page, and whether it came whole.

Imports the rooms above; touches neither a socket nor a table.
"""
