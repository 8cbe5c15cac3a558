"""What one answer of an API says: its records, their keys, its counts, its signs of more and of failure.

Imports foundation and description; touches nothing but the answer.
"""
