"""Everything between dlt and the wire.

session.py         one session per sync: origin, authentication, pages read ahead
exchange.py        one request until it is answered: attempts and waits
trouble.py         what a refusal or breakage means, and the sentence it becomes
answer.py          the body of an answer, parsed once and without changing a value
authentication.py  secrets onto requests, OAuth2 tokens
kept_token.py      the refresh token that comes next
authenticators.py  one authenticator for each way of authentication
pacing.py          one gate per API for the rate of its requests
redaction.py       secrets out of every text
spellings.py       what a text says once its escapes are undone
"""
