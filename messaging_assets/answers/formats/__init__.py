"""The body of an answer as records or as an object: JSON, a JSON text a line, CSV, TSV, XML, also in gzip and zip.

Imports foundation, description and answers; touches nothing but the bytes that came.
"""
