"""A dictionary out of a Python file, which is read and never run.

Imports conversion's own words and foundation; touches no socket. What only running the file would tell is a hole.
"""
