"""A live API, asked about its lists: their paging, their rows, and how they end.

Imports the rooms above; touches the API, within a budget of requests.
"""
