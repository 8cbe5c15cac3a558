"""From an API, or a document about it, to an API file.

Imports the rooms above; touches a live API. `openapi/` reads documents instead.
"""
