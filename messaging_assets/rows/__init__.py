"""From records to typed Arrow batches; what cannot be loaded is set aside.

Imports the rooms above; knows no socket.
"""
