"""How a list goes on from page to page: one guarded paginator for each `type` of the file.

Imports the rooms above and dlt's paginator interface; touches neither a socket nor a table.
"""
