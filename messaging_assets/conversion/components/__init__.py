"""Components of a low-code manifest, their references followed, and what the expressions in their texts take.

Imports conversion; touches nothing.
"""
