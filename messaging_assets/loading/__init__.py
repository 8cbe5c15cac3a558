"""A resource's pipeline: its source, its lock, and what an interrupted sync left.

Imports the rooms above; touches dlt's pipelines.
"""
