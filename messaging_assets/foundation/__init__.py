"""What every room stands on: failures, paths in JSON, moments, secrets taken out of texts, the project's folders.

Imports no other room; touches folders and the environment.
"""
