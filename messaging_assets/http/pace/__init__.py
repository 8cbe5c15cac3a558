"""Whose turn it is to ask an API: on one machine, or on several that look into one server.

Imports the rooms above; opens no connection but to that server.
"""
