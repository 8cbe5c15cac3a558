"""What `doctor` looks at: the machine, the project's files and settings, the destination, and Dagster.

Imports the rooms above, late; touches what it looks at, and changes nothing.
"""
