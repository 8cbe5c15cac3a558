"""API files as checked descriptions, for those who build definitions in Python."""

from messaging_assets.files.api_files import (
    DescriptionFiles,
    InvalidDescription,
    describe,
    describe_accounts,
    read_apis,
    read_file,
)

__all__ = ["DescriptionFiles", "InvalidDescription", "describe", "describe_accounts", "read_apis", "read_file"]
