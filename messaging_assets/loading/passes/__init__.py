"""One read of a resource from its first page to its last, loaded in parts.

Imports the rooms above; touches dlt's state while dlt extracts.
"""
