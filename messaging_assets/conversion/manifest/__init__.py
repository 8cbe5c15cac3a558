"""From Airbyte's low-code manifest to resources.

Imports conversion and the rooms above; touches nothing.
"""
