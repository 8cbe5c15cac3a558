"""From an OpenAPI document to what an API file says.

Imports discovery; touches files.
"""
