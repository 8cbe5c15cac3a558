"""Ways of authentication that take more than a word: tokens, sessions, signatures; and what all shapes share.

Imports foundation; touches nothing.
"""
