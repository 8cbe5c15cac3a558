"""Verbs of the command line that ask an API or Dagster; each module has its click command as `command`."""
