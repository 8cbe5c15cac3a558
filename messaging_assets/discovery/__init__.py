"""What was found of an API: its columns and keys, what is doubtful of it, and the file that says it.

Imports the rooms above; touches a live API. `live/` finds it there, `openapi/` in a document.
"""
