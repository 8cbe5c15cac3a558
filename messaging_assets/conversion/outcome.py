"""What becomes of a file of another tool: resources, and a sentence on whatever could not be carried."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from messaging_assets.conversion.texts import Kind, Settings, harmless
from messaging_assets.discovery.found import FoundApi, FoundResource, plain_name, without_nothing
from messaging_assets.files.rules.mistakes import step_into
from messaging_assets.foundation.redaction import Redaction, one_line

NO_PAGINATOR = (
    "does the API hand out this list in pages? Nothing says how; links are followed if an answer has any. Declare the "
    "paginator, or single_page if one answer is everything"
)
# What stands for an address that nobody knows; no such host exists (RFC 6761).
UNKNOWN_ADDRESS = "https://your-address.invalid"
# What a file can say for all resources at once.
_SHARED = ("auth", "headers", "error_handler")


@dataclass(frozen=True)
class Loss:
    """One thing that could not be carried, or that only a person knows.

    Args:
        words: what, and what to write, as a clause.
        place: where in the written file to finish it, below the resource; of the API itself, from the top.
        kind: a `loss`; a `question`, as where the source says nothing of pages; a `setting` that has no value yet.
    """

    words: str
    place: tuple[str, ...]
    kind: Kind = "loss"


@dataclass
class Draft:
    """A resource in the making.

    Args:
        name: its name in our file.
        raw: what is known of it, in the shape of an API file's resource without its name.
        losses: what could not be carried.
        is_carried: whether it can stand in the file at all; its losses say why not.
        is_form: whether its requests carry a form, whatever is left of the fields.
    """

    name: str
    raw: dict[str, Any] = field(default_factory=lambda: {"endpoint": {}})
    losses: list[Loss] = field(default_factory=list)
    is_carried: bool = True
    is_form: bool = False

    @property
    def endpoint(self) -> dict[str, Any]:
        """How to ask for it."""
        endpoint: dict[str, Any] = self.raw["endpoint"]
        return endpoint

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of its requests."""
        params: dict[str, Any] = self.endpoint.setdefault("params", {})
        return params

    def lose(self, words: str, *place: str, kind: Kind = "loss") -> None:
        """Note once what could not be carried; a resource that is left out of the file keeps that reason alone."""
        loss = Loss(harmless(words), place or ("endpoint",), kind)
        if self.is_carried and loss not in self.losses:
            self.losses.append(loss)

    def ask(self, words: str, *place: str) -> None:
        """Note what the source does not say."""
        self.lose(words, *place, kind="question")

    def give_up(self, words: str) -> None:
        """Leave it out of the file."""
        if self.is_carried:
            self.is_carried = False
            self.losses = [Loss(harmless(words), ())]

    def send(self, part: str, path: Sequence[str], value: Any) -> None:
        """Send a value in a part of the requests, such as `params` or `json`, below the fields that lead to it."""
        fields = self.endpoint.setdefault(part, {})
        for above in path[:-1]:
            fields = fields.setdefault(above, {})
        fields[path[-1]] = value

    def step(self, word: str, **fields: Any) -> None:
        """Add to what is done to its records; steps of one word are one, unless one takes what the other makes."""
        steps: list[dict[str, Any]] = self.raw.setdefault("steps", [])
        last = steps[-1].get(word, {}) if steps else {}
        if last and not {*last} & {*re.findall(r"\w+", str(fields))}:
            steps[-1][word].update(fields)
        else:
            steps.append({word: fields})

    def take_from_parent(self, place: str, name: str, is_of_several: bool = False) -> None:
        """Let each row have a field of its parent's record, `<parent>.<field>`, under a name of its own."""
        column = self._shared(place, is_of_several)
        if name != column:
            self.put(column, name)

    def put(self, field_: str, name: str) -> None:
        """Give a field another name, also where each record has one of that name."""
        steps: list[dict[str, Any]] = self.raw.setdefault("steps", [])
        if len(steps) > 1 and steps[-2].keys() == {"drop"} and steps[-1].keys() == {"rename"}:
            steps[-2]["drop"].append(name)
            steps[-1]["rename"][field_] = name
        else:
            steps += [{"drop": [name]}, {"rename": {field_: name}}]

    def taken_from_parent(self, place: str, is_of_several: bool = False) -> str:
        """The field of each row that has a field of its parent's record, `<parent>.<field>`."""
        column = self._shared(place, is_of_several)
        renamed = [one["rename"][column] for one in self.raw.get("steps", ()) if column in one.get("rename", {})]
        return str(renamed[0]) if renamed else column

    def _shared(self, place: str, is_of_several: bool) -> str:
        parent, _, field_ = place.partition(".")
        shared: list[str] = self.raw.setdefault("include_from_parent", [])
        taken = place if is_of_several else field_
        if taken not in shared:
            shared.append(taken)
        return f"_{parent}_{field_}"

    def tell_rows_apart(self, keys: Sequence[str]) -> None:
        """Say which columns tell rows apart, and what becomes of rows that come again; its mark is known by now."""
        if keys:
            self.raw["primary_key"] = keys[0] if len(keys) == 1 else list(keys)
        has_mark = "incremental" in self.endpoint
        self.raw["write_disposition"] = "merge" if keys else "append" if has_mark else "replace"

    @property
    def finished(self) -> dict[str, Any]:
        """The resource as the file has it."""
        first = ("name", "description", "selected", "primary_key", "write_disposition", "for_each")
        order = (*first, "include_from_parent")
        said = ((word, one) for word, one in self.endpoint.items() if one not in (None, []))
        endpoint = {word: one for word, one in said if one != {} or (word == "data" and self.is_form)}
        raw = {"name": self.name, **self.raw, "endpoint": endpoint}
        return without_nothing({**{key: raw[key] for key in order if key in raw}, **raw})


@contextmanager
def falls_alone(draft: Draft) -> Iterator[None]:
    """Leave a resource out whose part of a stranger's file has a shape that nobody foresaw; the others stay."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - of such a file nothing is known, not even what can go wrong
        draft.is_carried = True
        draft.give_up(f"it has a shape that is not known here ({type(error).__name__}); write it by hand")


@dataclass
class Converted:
    """An API, as far as it could be carried.

    Args:
        name: the API's name.
        source: the file that it was read from, and of which kind, as a clause.
        settings: what the source takes from whoever uses it.
        client: the file's `client`.
        drafts: its resources.
        defaults: the file's `resource_defaults`.
        losses: what could not be carried of the API itself.
        description: what it is, in one sentence.
        secrets: values that must not be in the written file, whatever way they came there.
        folder: where the source is, with what it has beside it.
        address: whose lists are wanted, of a source that has several; else that of most lists.
    """

    name: str
    source: str
    settings: Settings
    client: dict[str, Any] = field(default_factory=dict)
    drafts: list[Draft] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    description: str | None = None
    secrets: set[str] = field(default_factory=set)
    folder: Path | None = None
    address: str | None = None

    def draft(self, name: str) -> Draft:
        """A new resource, with a name that no other one has."""
        plain, taken = plain_name(name, "rows"), {one.name for one in self.drafts}
        number = next(number for number in range(1, len(taken) + 2) if _numbered(plain, number) not in taken)
        self.drafts.append(Draft(_numbered(plain, number)))
        return self.drafts[-1]

    def lose(self, words: str, *place: str, kind: Kind = "loss") -> None:
        """Note what could not be carried of the API itself, once."""
        loss = Loss(harmless(words), place, kind)
        if loss not in self.losses:
            self.losses.append(loss)

    def share(self) -> None:
        """Move authentication and headers that resources share up to `client`, and so what they lost of them alike."""
        carried = [one for one in self.drafts if one.is_carried]
        for loss in {loss: None for one in carried for loss in one.losses}:
            names = [one.name for one in carried if loss in one.losses]
            # A setting of the file is given once, whoever takes it.
            is_setting = loss.words.endswith("under settings")
            if len(names) < 2 or not (is_setting or (loss.place[1:2] and loss.place[1] in _SHARED)):
                continue
            whose = "" if is_setting or len(names) == len(carried) else f" (of {', '.join(names)})"
            self.lose(loss.words + whose, "client", *(() if is_setting else loss.place[1:]), kind=loss.kind)
            for one in carried:
                one.losses = [other for other in one.losses if other != loss]
        for word in ("auth", "headers"):
            written = [one.endpoint.get(word) for one in carried]
            times_of = Counter(map(repr, written))
            shared = next((one for one in written if one and times_of[repr(one)] == len(written)), None)
            if shared is None and word == "auth":
                shared = next((one for one in written if one and 2 * times_of[repr(one)] > len(written)), None)
            # The client's headers are sent as they are written, braces and all.
            if shared is None or (word == "headers" and "{" in _without_settings(shared)):
                continue
            self.client[word] = shared
            for one in carried:
                if one.endpoint.get(word) == shared:
                    del one.endpoint[word]

    @property
    def raw(self) -> dict[str, Any]:
        """The description that all this makes."""
        return self.found.raw

    @property
    def _settings(self) -> dict[str, Any]:
        """The file's own settings: those that stand in it anywhere."""
        written = repr([self.client, self.defaults, [one.raw for one in self.drafts if one.is_carried]])
        return {name: one for name, one in self.settings.declared.items() if f"{{setting.{name}}}" in written}

    @property
    def found(self) -> FoundApi:
        """All this as the writer of API files takes it, with a remark on each loss, and no secret."""
        redaction = Redaction(self.secrets)
        resources = []
        for draft in (one for one in self.drafts if one.is_carried):
            finished = draft.finished
            one = FoundResource(finished, _remarks(finished, draft.losses))
            one.hide(redaction)
            resources.append(one)
        client = {"client": redaction.within(self.client), "resource_defaults": self.defaults}
        unmapped = [f"{one.name}: {why.words}" for one in self.drafts if not one.is_carried for why in one.losses]
        return FoundApi(
            name=self.name,
            client=client["client"],
            resources=resources,
            source=redaction(self.source),
            remarks={path: redaction(text) for path, text in _remarks(client, self.losses).items()},
            unmapped=[redaction(one_line(one)) for one in unmapped],
            description=redaction(one_line(self.description)) if self.description else None,
            defaults=redaction.within(self.defaults),
            settings=redaction.within(self._settings),
        )


def _without_settings(fields: Mapping[str, Any]) -> str:
    return re.sub(r"\{setting\.\w+\}", "", "".join(map(str, fields.values())))


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}_{number}"


def existing(raw: Mapping[str, Any], place: Iterable[str]) -> tuple[str, ...]:
    """As much of a place as is there; of one that is not there at all, the first key below the name."""
    found: tuple[str, ...] = ()
    value: Any = raw
    for step in place:
        value = step_into(value, step)
        if value is None or value == {}:
            break
        found = (*found, step)
    return found or tuple(list(raw)[1:2])


def _remarks(raw: Mapping[str, Any], losses: Iterable[Loss]) -> dict[tuple[str, ...], str]:
    remarks: dict[tuple[str, ...], list[str]] = {}
    for loss in losses:
        # A line of the file opens down to the words of an endpoint and of the client.
        remarks.setdefault(existing(raw, loss.place[:2]), []).append(loss.words)
    sentences = {path: [text[0].upper() + text[1:] for text in texts] for path, texts in remarks.items()}
    return {path: ". ".join(texts).replace("?. ", "? ") for path, texts in sentences.items()}
