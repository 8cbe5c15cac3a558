"""What is newer than the last sync.

Imports foundation and description; touches nothing.
"""
