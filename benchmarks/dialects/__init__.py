"""Manifests of published connectors, read by the peer's own reader and by the files that `convert` makes of them.

Both ask one loopback server, which plays the API by the manifest. `python -m benchmarks.dialects PACKAGE ...` downloads
the packages, which are kept in `benchmarks/.cache` and never committed. `measured.txt` and `sample.txt` name those of
the docs. What runs in the peer's environment is in `theirs/`. It reads manifests with the peer's own code alone, so
that a mistake of ours cannot hide in the server.
"""
