"""Everything between dlt and the wire: attempts, secrets, pace, pages asked for ahead.

Imports foundation, description, answers and the rooms in it; touches the socket, and knows no table.
"""
