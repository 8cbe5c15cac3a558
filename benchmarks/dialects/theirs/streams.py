"""What each stream of a manifest asks for, and which rows it then gets."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

from airbyte_cdk.sources.declarative.datetime.datetime_parser import DatetimeParser
from theirs.pages import Pages
from theirs.records import NOW, at, moment, number_of, put, record
from theirs.texts import HOLE, Hole, Texts, taken_from

_DATES = DatetimeParser()
_PARTS = {"request_parameter": "params", "header": "headers", "body_json": "body", "body_data": "body"}
# A token that no page has.
_ANY_NUMBER = 7_000_000
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}Z)?")


class Request:
    """A request as the server takes it: its parts by name."""

    def __init__(self, method: str, path: str, params: dict[str, str], headers: dict[str, str], body: Any) -> None:
        self.method, self.path, self.params, self.headers = method, path, params, headers
        self.body = body if isinstance(body, dict) else {}

    def taken(self, option: dict[str, Any], texts: Texts) -> Any:
        """What an option of the manifest put into the request."""
        part = _PARTS.get(str(option.get("inject_into")))
        if part is None:
            return None
        path = texts.value(option, option.get("field_path") or [option.get("field_name")])
        return at(getattr(self, part), path)


class Stream:
    """One stream of a resolved manifest.

    Attributes:
        newer: how many rows it has more than at first.
        newer_since: when these came, which is when they say that they were made.
    """

    newer = 0
    newer_since = NOW

    def __init__(self, raw: dict[str, Any], texts: Texts) -> None:
        self.raw, self._texts = raw, texts
        self.name = str(raw.get("name"))
        retriever = raw["retriever"]
        self.requester: dict[str, Any] = retriever["requester"]
        base = texts.open(self.requester, self.requester.get("url_base") or self.requester.get("url"))
        path = texts.open(self.requester, self.requester.get("path")) if self.requester.get("url_base") else ""
        # A path may hold parameters, too.
        path = str(path or "").partition("?")[0]
        whole = "/".join(one.strip("/") for one in (str(base or ""), str(path or "")) if one)
        self.origin = "/".join(whole.split("/")[:3])
        self.path = "/" + "/".join(whole.split("/")[3:])
        self.method = str(self.requester.get("http_method") or "GET").upper()
        self._pattern = re.compile(re.escape(self.path.rstrip("/")).replace(HOLE, "(.+?)") + "/?")
        selector = retriever.get("record_selector") or {}
        extractor = selector.get("extractor") or {}
        self.field_path = [one for one in texts.value(extractor, extractor.get("field_path") or []) if one != ""]
        self.pages = Pages(texts, retriever.get("paginator"), self.field_path)
        self.routers = [one for one in _listed(retriever.get("partition_router")) if isinstance(one, dict)]
        cursor = next(iter(_listed(raw.get("incremental_sync"))), None)
        self.cursor = cursor if cursor and cursor.get("type") == "DatetimeBasedCursor" else {}
        self._fixed, self._open = self._parameters()
        open_ = {name: str(texts.open(self.requester, one)) for name, one in self._open.items()}
        # Lists at one path may differ by a text in which more than a value is open.
        self._queries = {name: _with_holes(one) for name, one in open_.items() if " " in one.strip()}
        self.needs: list[tuple[list[str], str]] = []
        added = [one for t in _listed(raw.get("transformations")) for one in _listed(t.get("fields"))]
        taken = [(made.get("path"), one) for made in added for one in taken_from(made.get("value"), "record")]
        self._taken = [one for _, one in taken if one and _is_names(one)]
        # What a transformation makes the mark of is a moment as well.
        field = str(texts.value(self.cursor, self.cursor.get("cursor_field"))) if self.cursor else None
        self._marks = [one for made, one in taken if made == [field] and one in self._taken]
        loaders = [one for one in _listed(raw.get("schema_loader")) if isinstance(one, dict)]
        self.schema: dict[str, Any] = next(
            (one["schema"] for one in loaders if isinstance(one.get("schema"), dict)), {}
        )

    def _parameters(self) -> tuple[dict[str, Any], dict[str, str]]:
        fixed: dict[str, Any] = {}
        open_: dict[str, str] = {}
        for part, word in (
            ("params", "request_parameters"),
            ("body", "request_body_json"),
            ("body", "request_body_data"),
        ):
            written = self.requester.get(word)
            for name, one in written.items() if isinstance(written, dict) else ():
                if name == "$parameters":
                    continue
                value = self._texts.open(self.requester, one)
                if HOLE in str(value):
                    open_[name] = str(one)
                elif value not in (None, "") and part == "params" and not isinstance(value, (dict, list)):
                    fixed[name] = value
        return fixed, open_

    def fit(self, request: Request) -> int | None:
        """How well a request fits; None where it does not."""
        is_root = self.path == "/" and request.path in ("", "/")
        if request.method != self.method or not (is_root or self._pattern.fullmatch(request.path.rstrip("/") or "/")):
            return None
        right = sum(str(request.params.get(name)) == str(value) for name, value in self._fixed.items())
        right += sum(bool(one.fullmatch(str(request.params.get(name)))) for name, one in self._queries.items())
        return (
            len(self.path.replace(HOLE, "")) * 100 - self.path.count(HOLE) + 20 * right - 5 * (len(self._fixed) - right)
        )

    def rows(self, request: Request) -> list[dict[str, Any]]:
        """All records that a request gets, its pages aside."""
        found = self._pattern.fullmatch(request.path.rstrip("/"))
        of_parent = [*(found.groups() if found else ())]
        of_parent += [
            str(request.params.get(n) or request.body.get(n) or "")
            for n, t in self._open.items()
            if "parti" in t or ("slice" in t and "_time" not in t)
        ]
        for router in self.routers:
            for one in [router, *_listed(router.get("parent_stream_configs"))]:
                if isinstance(option := one.get("request_option"), dict):
                    of_parent.append(str(request.taken(option, self._texts)))
        seed = self.name + "/".join(of_parent)
        size = self.pages.size(None) or 3
        count = min(2 * size + 1 + number_of(seed) % 2, 2_100) if not self.needs else min(size + 1, 4)
        rows = [self._record(seed, index, count) for index in range(count + self.newer)]
        return [one for index, one in enumerate(rows) if self._is_asked_for(request, self._moment(index, count))]

    def _moment(self, index: int, count: int) -> Any:
        if index >= count:
            return self.newer_since + dt.timedelta(seconds=index - count)
        return moment(int(index * 12 / count) if count > 12 else index)

    def _record(self, seed: str, index: int, count: int) -> dict[str, Any]:
        made = record(self.schema, seed, index)
        keys = _listed(self.raw.get("primary_key"))
        for key in keys:
            path = [str(one) for one in (key if isinstance(key, list) else [key])]
            is_time = bool(self.cursor) and path == [
                str(self._texts.value(self.cursor, self.cursor.get("cursor_field")))
            ]
            if not is_time:
                put(made, path, self._distinct(at(made, path), seed, index))
        for path, type_ in [*self.needs, *((list(one), "r") for one in self._taken)]:
            if at(made, path) is None or isinstance(at(made, path), (dict, list)):
                put(made, path, f"{type_}{number_of(seed)}x{index}")
        if self.cursor:
            field = str(self._texts.value(self.cursor, self.cursor.get("cursor_field")))
            formats = self.cursor.get("cursor_datetime_formats") or [self.cursor.get("datetime_format")]
            written: Any = _DATES.format(self._moment(index, count), str(formats[0]))
            was = at(made, field.split("."))
            if isinstance(was, (int, float)) and not isinstance(was, bool) and str(written).replace(".", "").isdigit():
                written = type(was)(float(written))
            for path in [field.split("."), *map(list, self._marks)]:
                put(made, path, written)
        return made

    @staticmethod
    def _distinct(was: Any, seed: str, index: int) -> Any:
        if isinstance(was, (int, float)) and not isinstance(was, bool):
            return number_of(seed) * 10_000 + index
        if isinstance(was, str) and _MOMENT.fullmatch(was):
            # A key that is a moment stays one, to the second its own.
            when = dt.datetime.fromisoformat(was.replace("Z", "+00:00")) + dt.timedelta(seconds=number_of(seed) % 3600)
            return when.strftime("%Y-%m-%dT%H:%M:%SZ" if "T" in was else "%Y-%m-%d")
        return f"k{number_of(seed)}x{index}"

    def _is_asked_for(self, request: Request, when: Any) -> bool:
        for word, sign in (("start_time_option", 1), ("end_time_option", -1)):
            option = self.cursor.get(word)
            given = request.taken(option, self._texts) if isinstance(option, dict) else None
            bound = self._parsed(given, sign)
            if bound is not None and (when - bound).total_seconds() * sign < -1:
                return False
        for name, text in self._open.items():
            given = request.params.get(name, request.body.get(name))
            for word, sign in (("start_time", 1), ("end_time", -1)):
                bound = self._parsed(given, sign) if word in text and "prior" not in text else None
                if bound is not None and (when - bound).total_seconds() * sign < -1:
                    return False
        return True

    def _parsed(self, given: Any, sign: int) -> Any:
        """The moment of a bound: of a day that ends a range, its last one."""
        if given in (None, ""):
            return None
        is_last_day = sign < 0 and re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(given))
        length = dt.timedelta(days=1, seconds=-1) if is_last_day else dt.timedelta()
        for one in (self.cursor.get("datetime_format"), "%s", "%ms", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"):
            try:
                return _DATES.parse(given, str(one)) + length
            except (ValueError, TypeError, OverflowError):
                continue
        return None

    def page(self, request: Request, marked: str | None, link: str) -> tuple[Any, dict[str, str], int]:
        """One page: the body, its headers, and how many rows it has."""
        rows, pages = self.rows(request), self.pages
        size = pages.size(request.taken(pages.size_option, self._texts))
        if size is None:
            return self._made(rows), {}, len(rows)
        token = request.taken(pages.token_option, self._texts)
        if token is None:
            named = [one for one, text in self._open.items() if "next_page_token" in text]
            values = [self._token_in(one, request.params.get(one, request.body.get(one))) for one in named]
            token = next((one for one in values if one), None)
        start = pages.offset(json.dumps(token) if isinstance(token, (dict, list)) else token, marked, size)
        return pages.answer({"made": self._made}, rows, start, size, link)

    def _token_in(self, name: str, given: Any) -> Any:
        """The token of a parameter, also of one that stands inside a longer text, as `STARTPOSITION 6` does."""
        known = dict.fromkeys(("stream_slice", "stream_state"), Hole())
        token = {"next_page_token": _ANY_NUMBER}
        made = str(self._texts.value(self.requester, self._open[name], **known, next_page_token=token))
        if not (found := re.search(r"\d{7,}", made)) or found[0] == made:
            return given
        taken = re.fullmatch(_with_holes(made).pattern.replace(found[0], r"(\d+)"), str(given))
        return str(int(taken[1]) - int(found[0]) + _ANY_NUMBER) if taken else given

    def _made(self, rows: list[Any]) -> Any:
        return _holding(self.field_path, rows)


def _holding(path: list[Any], rows: list[Any]) -> Any:
    """An answer that has rows at a path; a star is an object's keys at its end, else the holders of one record each."""
    if not path:
        return list(rows)
    if path[0] != "*":
        return {str(path[0]): _holding(path[1:], rows)}
    if len(path) == 1:
        return {f"key{index}": one for index, one in enumerate(rows)}
    held: list[Any] = []
    for one in rows:
        for step in reversed(path[1:]):
            one = [one] if step == "*" else {str(step): one}
        held.append(one)
    return held


def _with_holes(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(HOLE, ".+?"))


def _is_names(path: tuple[Any, ...]) -> bool:
    return all(isinstance(one, str) for one in path)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _whole(raw: dict[str, Any]) -> dict[str, Any]:
    """A stream as it is read at first."""
    whole = raw.get("full_refresh_stream") if raw.get("type") == "StateDelegatingStream" else None
    return {"name": raw.get("name"), **whole} if isinstance(whole, dict) else raw


def streams_of(manifest: dict[str, Any], texts: Texts, schemas: Path) -> list[Stream]:
    """The streams of a resolved manifest that can be played, parents too."""
    found: dict[str, Stream] = {}

    def add(raw: dict[str, Any]) -> None:
        raw = _whole(raw)
        name = str(raw.get("name"))
        if name in found or not isinstance(raw.get("retriever"), dict) or "requester" not in raw["retriever"]:
            return
        found[name] = Stream(raw, texts)
        if not found[name].schema and (file := schemas / f"{name}.json").exists():
            found[name].schema = json.loads(file.read_text())
        for router in found[name].routers:
            for config in _listed(router.get("parent_stream_configs")):
                add(config["stream"])

    for raw in manifest.get("streams") or []:
        add(raw)
    for stream in list(found.values()):
        for config in (one for router in stream.routers for one in _listed(router.get("parent_stream_configs"))):
            key = str(texts.value(config, config["parent_key"])).replace("/", ".").split(".")
            needed = [(key, "p"), *(([str(one) for one in extra], "e") for extra in config.get("extra_fields") or [])]
            found[str(_whole(config["stream"])["name"])].needs.extend(needed)
    return list(found.values())
