"""Verbs that show what is in the destination: records that were set aside, and the page of the whole project.

Imports the rooms above; asks no API.
"""
