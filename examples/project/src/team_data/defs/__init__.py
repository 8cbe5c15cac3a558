"""What the project is made of: a folder or file for each part."""
