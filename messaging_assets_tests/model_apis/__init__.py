"""Random APIs, the files that describe them, and what a table must hold after a sync."""
