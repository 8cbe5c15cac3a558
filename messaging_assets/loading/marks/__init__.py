"""What earlier syncs left for the next read: how far each list came, whether that still holds, what a list is called.

Imports everything up to tables; touches dlt's state and the destination, never a socket.
"""
