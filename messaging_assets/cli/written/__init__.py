"""Verbs that write an API file: from an API or a document about it, and from a file of another tool.

Imports the rooms above; touches the API, and the one file that it writes.
"""
