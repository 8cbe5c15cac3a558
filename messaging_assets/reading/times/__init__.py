"""Moments as APIs write them in a cursor, and as files say them.

Imports foundation and answers; touches nothing.
"""
