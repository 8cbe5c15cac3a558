"""Records that were set aside: shown to people, and loaded later where the file was mended.

Imports the rooms above; touches the destination, and never the API.
"""
