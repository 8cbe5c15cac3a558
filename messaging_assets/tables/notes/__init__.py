"""What a sync writes into its destination beside rows: what it is about to do, what came of it, what columns mean.

Imports reading and seams; touches the destination by SQL, and makes its own tables there.
"""
