"""Which warehouse it is, and what it can keep.

Imports foundation, description and seams; touches dlt's configuration.
"""
