"""The only room that names what is private of dlt or Dagster, and what lies deep in them.

Imports foundation. Beside each name stand why it is needed and since which release it was tried. `test_seams.py` says
which names are public, and fails with a sentence when a release changes one of these.
"""
