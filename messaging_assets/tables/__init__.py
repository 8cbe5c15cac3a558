"""What is in the tables, and what is put right there.

Imports the rooms above; touches the destination by SQL.
"""
