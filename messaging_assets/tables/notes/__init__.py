"""What a sync writes into its destination beside rows: what it is about to do, and what came of it.

Imports reading and seams; touches the destination by SQL, and makes its own tables there.
"""
