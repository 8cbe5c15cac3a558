"""From YAML to a checked description, with file and line for every mistake.

Imports foundation and description; touches files, never a socket.
"""
