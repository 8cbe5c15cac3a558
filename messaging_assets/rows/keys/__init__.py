"""Which keys came before in one read: as the API sent them, in the load, and in the table.

Imports the rooms above; touches nothing but keys.
"""
