"""One request and its one answer, byte by byte, within bounds.

Imports description and answers; touches the socket.
"""
