"""Secrets onto requests, one file a way: as they are, asked for, or made for each request.

Imports foundation, description, answers and `http/wire`; touches the files and the database of refresh tokens.
"""
