"""The only room that names what is private of dlt or Dagster.

Imports foundation; each name says why it is needed, and a test fails when a release changes it.
"""
