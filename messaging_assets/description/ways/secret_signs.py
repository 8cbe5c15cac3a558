"""How a secret is known: by the name of its field, or by its look. Nothing here repeats what it found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

# A field that ends in one of these holds a secret, whatever its value is.
_ALWAYS = frozenset(
    {"authorization", "password", "passwd", "pwd", "passphrase", "passcode", "secret", "secrets", "credential"}
    | {"credentials", "cookie", "cookies", "bearer", "jwt", "apikey", "hapikey", "signature", "sig", "hmac", "token"}
    | {"authkey", "accesskey", "secretkey", "privatekey", "passwort", "kennwort"}
)
# A field that ends in one of these may hold a secret, which its value has to tell.
_PERHAPS = frozenset({"key", "session", "sid", "auth", "pass", "appid", "sessionid", "userkey", "appkey", "assertion"})
# Of these a password tells too, which may be made of words and a number; and digits alone.
_PASSWORDS, _NUMBERS = frozenset({"pass", "auth"}), frozenset({"pin"})
# The same in a header, where hardly anything else is called so.
_ALWAYS_IN_HEADERS = frozenset({"session", "sid", "auth", "pass", "sessionid", "appkey"})
# Words before `key` that leave no doubt.
_KEYS = frozenset(
    {"api", "access", "secret", "private", "auth", "app", "application", "subscription", "shared", "storage", "master"}
    | {"service", "consumer", "encryption", "signing", "rapidapi", "integration", "admin", "developer", "security"}
    | {"license", "licence", "functions", "activation", "deploy", "ingest", "insert", "account", "server", "rest"}
    | {"webhook", "genie"}
)
# Words before `key` that make it the key of a record, a page or an order.
_NO_KEYS = frozenset(
    {"page", "sort", "primary", "foreign", "order", "group", "partition", "routing", "row", "range", "natural"}
    | {"business", "item", "object", "parent", "record", "unique", "cache", "field", "join", "lookup", "map", "merge"}
    | {"dedup", "idempotency", "public", "cursor", "next", "start", "last", "previous", "prev", "end", "tag", "label"}
    | {"translation", "template", "resource", "index", "search", "filter", "column", "dimension", "surrogate"}
    | {"sorting"}
)
# Words before `token` that make it the place where a list goes on, or a text's part.
_NO_TOKENS = frozenset(
    {"page", "next", "prev", "previous", "continuation", "continue", "sync", "cursor", "pagination", "paging", "start"}
    | {"resume", "scroll", "delta", "position", "offset", "last", "since", "marker", "more", "checkpoint", "change"}
    | {"skip", "stop", "end", "starting", "resumption", "iterator"}
)
# Glued to the word before it, as in `authtoken` and `sharedsecret`.
_GLUED = ("token", "secret", "password", "passwd", "apikey", "authkey", "accesskey", "secretkey", "privatekey")
# What may follow the word that counts: api_key_value, token2, password_b64.
_TRAILING = frozenset(
    {"value", "val", "string", "str", "text", "header", "param", "b64", "base64", "encoded", "enc", "v"}
)
# Fields whose values are random in their own right, and no secret.
_IDENTITIES = frozenset(
    {"id", "ids", "uuid", "guid", "sha", "hash", "ref", "rev", "revision", "commit", "digest", "checksum", "etag"}
    | {"cursor", "database", "channel", "workspace", "project", "organization", "org", "sheet", "board", "marker"}
)
_SCHEMES = r"bearer|basic|token|apikey|api-key|geniekey|digest|ssws|splunk|apitoken|oauth|negotiate|hawk|key"
_LOOKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a private key", re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")),
    ("a JSON Web Token", re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}")),
    (
        "a vendor's token",
        re.compile(
            r"(?<![A-Za-z0-9])(?:"
            r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}|sk-(?:ant-|proj-|or-|svcacct-)?[A-Za-z0-9_-]{20,}"
            r"|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|gl(?:pat|dt|rt|ptt|soat)-[\w-]{16,}"
            r"|xox[abeprs]-[A-Za-z0-9-]{8,}|xapp-\d-[A-Za-z0-9-]{8,}|(?:AKIA|ASIA|AGPA|AROA)[0-9A-Z]{16}"
            r"|AIza[\w-]{30,}|ya29\.[\w-]{10,}|GOCSPX-[\w-]{10,}|1//0[\w-]{20,}|SG\.[\w-]{10,}\.[\w-]{10,}"
            r"|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{20,}|pypi-[\w-]{16,}|do[opr]_v1_[a-f0-9]{16,}"
            r"|shp(?:at|ss|ca|pa)_[a-fA-F0-9]{16,}|key-[a-f0-9]{16,}|PMAK-[\w-]{16,}|lin_(?:api|oauth)_\w{16,}"
            r"|(?:secret|ntn)_[A-Za-z0-9]{32,}|NR(?:AK|II|JS)-[A-Za-z0-9]{16,}|dapi[a-f0-9]{32}|gsk_[A-Za-z0-9]{20,}"
            r"|whsec_[\w+/=]{16,}|EAA[A-Za-z0-9]{30,}|figd_[\w-]{16,}|sq0(?:atp|csp)-[\w-]{16,}|hvs\.[\w-]{16,}"
            r"|dp\.(?:pt|st|ct)\.\w{16,}|ATATT3\w{16,}|pat-(?:na|eu)\d-[\w-]{16,}|rubygems_[a-f0-9]{16,}"
            r"|glsa_\w{16,}|pscale_tkn_\w{16,}|sntr[yu]s_[\w=/+]{16,}|(?:bot)?\d{6,}:AA[\w-]{16,}"
            r")"
        ),
    ),
    (
        "the address of a webhook",
        re.compile(
            r"(?i)(?:hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks"
            r"|webhook\.office\.com/webhookb2|outlook\.office(?:365)?\.com/webhook|hooks\.zapier\.com/hooks/catch"
            r"|hook\.[\w.]{0,40}(?:make|integromat)\.com|maker\.ifttt\.com/[\w/{}]{0,90}with/key|events\.pagerduty\.com/integration"
            r"|chat\.googleapis\.com/v1/spaces)/[\w@/-]*(?:[\w-]{16,}|\?key=)"
        ),
    ),
    ("a password in an address", re.compile(r"(?i)\b[a-z][a-z0-9+.-]{1,15}://[^\s/@:]{1,90}:[^\s/@]{1,200}@")),
    ("a key of a storage account", re.compile(r"(?i)AccountKey=[\w+/=]{10,}")),
)
_AUTHORIZATION = re.compile(rf"\s*({_SCHEMES})\s+(\S+)\s*", re.IGNORECASE)
_BEHIND_SCHEMES = frozenset({"token", "tokens", "auth", "authentication", "authorization", "only", "scheme", "header"})
_SCHEME_INSIDE = re.compile(r"\b(?:bearer|basic|ssws|geniekey)\s+([\w.~+/=-]{8,})", re.IGNORECASE)
_UUID = re.compile(r"(?<![0-9a-zA-Z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-zA-Z])")
# What stands for a value that is known at run time: a parent's field, a parameter, a named secret.
PLACEHOLDER = re.compile(
    r"\{[A-Za-z_][\w.\[\]-]*(?:![rsa])?(?::[<>^=+%.\d#, -][^{}]*)?\}"
    r"|\{(?:now|method|host|path|query|target|url|body|header\.[\w-]+|secret\.\w+):[a-z0-9_]{1,16}\}"
)
_ADDRESS = re.compile(r"https?://[^\s\"'<>)\]]+")
# What stands behind a name may be the next name.
_PAIR = re.compile(
    r"""["']?(?<![A-Za-z])([A-Za-z][\w.\[\]-]{0,60})["']?\s*(?:[=:]{1,3}|\bis\b)(?=\s{0,9}["']?([^\s"'&,;}\])]{1,200}))"""
)
_ELEMENT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)(?:\s[^<>]*)?>([^<>]+)</")
_NO_PASSWORD = re.compile(r"(?i)oauth[\d.]*|(?:hmac|rsa|sha|md|aes|v)[-_]?\d+|base64")
_RUN = re.compile(r"[A-Za-z0-9+/=_~.-]{16,}")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CAMEL = re.compile(r"[A-Z]?[a-z]{2,}(?:[A-Z][a-z]+)*[A-Z]?")
# So many characters that are no words are random: fewer stand in versions, codes and abbreviations.
_RANDOM = 16


def names_secret(name: str, value: object = None, in_header: bool = False) -> bool:
    """Whether a field of this name holds a secret, when it has this value.

    Args:
        name: the field's name, in any spelling.
        value: what it holds; None to ask about the name alone, where only a certain name counts.
        in_header: whether it is a header.
    """
    words = [word.lower() for word in _WORDS.findall(undone(name))]
    while len(words) > 1 and (words[-1] in _TRAILING or words[-1].isdigit()):
        words.pop()
    if not words:
        return False
    *before, last = words
    previous = before[-1] if before else ""
    if (last == "id" and previous in ("session", "app")) or (previous == "pass" and previous + last in _ALWAYS):
        last, previous = previous + last, ""
    if last == "token" and previous in _NO_TOKENS:
        return False
    if last in _ALWAYS or (last == "key" and previous in _KEYS) or (in_header and last in _ALWAYS_IN_HEADERS):
        return value is None or _says_something(value)
    glued = next((end for end in _GLUED if last.endswith(end) and last != end), None)
    if glued and not (glued == "token" and last.removesuffix("token") in _NO_TOKENS):
        return value is None or _says_something(value)
    if last in _NUMBERS and isinstance(value, (str, int)):
        return re.fullmatch(r"\d{4,8}", str(value)) is not None
    if last not in _PERHAPS or previous in _NO_KEYS or not isinstance(value, str):
        return False
    rest = PLACEHOLDER.sub("", value)
    if last in _PASSWORDS and is_password(rest):
        return True
    return not (is_ordinary(rest) or (last == "appid" and _UUID.fullmatch(rest)))


# The files of many APIs have the same words.
@lru_cache(maxsize=4096)
def look_of(text: str, name: str = "", is_prose: bool = False) -> str | None:
    """What a text looks like that holds a secret; None where it looks like nothing of that kind.

    Args:
        text: any value of an API file.
        name: the field that it is the value of, where identities are random in their own right.
        is_prose: whether it is a sentence for people, whose addresses lead to pages.
    """
    for each in dict.fromkeys((text, undone(text))):
        plain = PLACEHOLDER.sub("", each)
        if certain := certain_look_of(plain):
            return certain
        words = [word.lower() for word in _WORDS.findall(name)]
        is_identity = bool(words) and words[-1] in _IDENTITIES
        rest = _UUID.sub("", _ADDRESS.sub("", plain) if is_prose else plain)
        if not is_identity and any(_is_random(run) for run in _RUN.findall(rest)):
            return "long random text"
    return None


def certain_look_of(text: str) -> str | None:
    """What a text looks like whose look is a secret's alone: a vendor's token, a private key, an Authorization."""
    for what, pattern in _LOOKS:
        if pattern.search(text):
            return what
    if whole := _AUTHORIZATION.fullmatch(text):
        scheme, value = whole[1].lower(), whole[2]
        is_word = value.lower() in _BEHIND_SCHEMES or (value.islower() and value.isalpha() and scheme != "bearer")
        if not is_word and (scheme in ("bearer", "basic") or not is_ordinary(value)):
            return "the value of an Authorization header"
    if any(not is_ordinary(one) for one in _SCHEME_INSIDE.findall(text)):
        return "the value of an Authorization header"
    return None


def pairs_in(text: str) -> Iterator[tuple[str, str]]:
    """Names with the values behind them, as a query, a form, JSON, XML or a sentence has them."""
    for each in dict.fromkeys((text, undone(text))):
        plain = PLACEHOLDER.sub("", each)
        yield from _PAIR.findall(plain)
        yield from _ELEMENT.findall(plain)


def undone(text: str) -> str:
    """The text without percent-encoding, however often it was encoded."""
    for _ in range(5):
        if (plain := unquote(text)) == text:
            break
        text = plain
    return text


@lru_cache(maxsize=256)
def is_password(text: str) -> bool:
    """Whether a text can be a password of words: letters with digits, and not the name of a method or version."""
    rest = _NO_PASSWORD.sub("", text)
    return len(rest) >= 8 and bool(re.search(r"[A-Za-z]", rest)) and bool(re.search(r"\d", rest))


# A long text repeats itself.
@lru_cache(maxsize=256)
def is_ordinary(text: str) -> bool:
    """Whether a text is made of words, numbers, dates and short codes alone."""
    return all(_is_word(piece) for piece in re.split(r"[^A-Za-z0-9]+", text) if piece)


def _says_something(value: object) -> bool:
    """Whether a value can be a secret: no truth value, and more than a scheme and placeholders."""
    if str(value).lower() in ("true", "false", "none", "0", "1"):
        return False
    rest = PLACEHOLDER.sub("", str(value))
    return re.fullmatch(rf"\W*(?:{_SCHEMES})?\W*", rest, re.IGNORECASE) is None or (
        rest == str(value) and bool(re.search(r"\w", rest))
    )


def _is_random(run: str) -> bool:
    strange = [piece for piece in re.split(r"[^A-Za-z0-9]+", run) if piece and not _is_word(piece)]
    return sum(map(len, strange)) >= _RANDOM


def _is_word(piece: str) -> bool:
    if piece.isdigit():
        return len(piece) <= 22
    if piece.isalpha():
        return _is_name(piece)
    return bool(
        # v2, utf8, page10; 90d, 2x; i18n, sha256sum; 20240101T000000Z and its parts.
        (len(piece) <= 24 and re.fullmatch(r"[A-Za-z]+\d{1,4}", piece) and _is_name(piece.rstrip("0123456789")))
        or (len(piece) <= 24 and re.fullmatch(r"\d{1,4}[A-Za-z]+", piece) and _is_name(piece.lstrip("0123456789")))
        or (len(piece) <= 12 and sum(map(str.isdigit, piece)) <= 3)
        or _is_name_with_number(piece)
        or re.fullmatch(r"\d{0,8}T\d{2,6}Z?|\d+Z", piece)
        or re.fullmatch(r"[A-Z]{1,10}\d{1,10}", piece)
    )


def _is_name(letters: str) -> bool:
    """Whether letters read as a name: lower, UPPER, Capital, camelCase, with vowels where they are many."""
    if len(letters) > 40 or (len(letters) >= 16 and _vowels(letters) < 0.2):
        return False
    humps = r"(?:[a-z]{2,})?(?:[A-Z][a-z]+|[A-Z]{1,6}(?=[A-Z][a-z]|$))*"
    is_camel = re.fullmatch(humps, letters) and len(letters) >= 3 * sum(map(str.isupper, letters)) - 6
    return bool(letters.islower() or letters.isupper() or len(letters) < 8 or is_camel)


def _is_name_with_number(piece: str) -> bool:
    """Whether it reads as words around one short number: oauth2PermissionGrants, exportV2Jobs."""
    parts = re.fullmatch(r"([A-Za-z]+)\d{1,4}([A-Za-z]{4,})", piece)
    words = [one for one in parts.groups() if len(one) > 3] if parts else []
    return bool(words) and all(_CAMEL.fullmatch(one) and _vowels(one) >= 0.25 for one in words)


def _vowels(text: str) -> float:
    letters = [letter for letter in text.lower() if letter.isalpha()]
    return sum(letter in "aeiouy" for letter in letters) / max(len(letters), 1)
