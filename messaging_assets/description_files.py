"""API files as checked descriptions, for those who build definitions in Python."""

from messaging_assets.files.api_files import InvalidDescription, describe, read_file

__all__ = ["InvalidDescription", "describe", "read_file"]
