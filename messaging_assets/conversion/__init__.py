"""From a file of another tool to an API file of ours.

Imports the rooms above; reads one file, touches no socket and runs no code. `manifest/` reads low-code manifests.
"""
