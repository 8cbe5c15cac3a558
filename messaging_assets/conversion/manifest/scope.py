"""What the expressions of one stream mean, and its texts as an API file has them."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from messaging_assets.conversion.components.expressions import Piece, elements_of, literal_of, pieces_of
from messaging_assets.conversion.components.parts import Part
from messaging_assets.conversion.components.values import Ref, Unknown
from messaging_assets.conversion.outcome import Draft
from messaging_assets.conversion.texts import Hole, Lose, Settings, below, doubled, filled, moment_format, quoted
from messaging_assets.description.ways.secret_signs import names_secret
from messaging_assets.foundation.json_paths import quoted_path

_PARTITION = frozenset({"stream_partition", "stream_slice"})
# Their reader has the bounds in a partition, too.
_INTERVAL = _PARTITION | {"stream_interval"}


@dataclass
class PageTexts:
    """What the texts of a stream's requests say of the page that they ask for.

    Args:
        token: the word for where they put the next page's token, and the name there.
        counted: what that token counts, `offset` or `page`, where no option of the paginator puts it anywhere.
        first: what they have for the first page then.
    """

    token: tuple[str, str] | None = None
    counted: str = ""
    first: int | None = None


@dataclass
class Scope:
    """What stands open in the texts of a stream.

    Args:
        draft: the resource that it becomes.
        settings: what the connector takes from whoever uses it.
        of_client: takes what could not be carried of the API itself.
        parents: `<parent>.<field>` by the name that the stream's texts have for it.
        each: names of `for_each` by the name that the stream's texts have for their values.
        has_several: whether it has more than one parent.
        constants: values by the name that the stream's texts have for them, where there is one value only.
        bounds: `start` or `end` by the name that the stream's texts have for it.
        cursor_field: the field whose last value its state holds, empty where that is not known; None without a cursor.
        has_colon_in_zone: whether its texts put a colon into the offset of the bounds.
        page: what its texts say of the page.
        above: the scope of its parent, where it has one.
    """

    draft: Draft
    settings: Settings
    of_client: Lose
    parents: dict[str, str] = field(default_factory=dict)
    each: dict[str, str] = field(default_factory=dict)
    has_several: bool = False
    constants: dict[str, Any] = field(default_factory=dict)
    bounds: dict[str, str] = field(default_factory=lambda: {"start_time": "start", "end_time": "end"})
    cursor_field: str | None = None
    has_colon_in_zone: bool = False
    page: PageTexts = field(default_factory=PageTexts)
    above: Scope | None = None

    def text(self, value: Any, part: Part) -> Any:
        """A value of the manifest with its holes; one that is no text stays."""
        if not isinstance(value, str):
            return value
        pieces = [hole for one in pieces_of(value, part.parameters) for hole in _holes(self, one)]
        if all(isinstance(one, str) for one in pieces):
            return "".join(str(one) for one in pieces)
        return pieces

    def address(self, value: Any, part: Part, *place: str) -> Any:
        """A text of an address; a secret called like none, or a key that the source shows, is a setting there."""
        text = self.text(value, part)
        for index, one in enumerate(text if isinstance(text, list) else ()):
            is_shown = isinstance(one, Hole) and one.name in self.settings.plain and one.name.lower().endswith("_key")
            if (
                isinstance(one, Hole)
                and one.kind == "secret"
                and (is_shown or not names_secret(one.name.split(".")[-1]))
            ):
                told = f"the source {'shows' if is_shown else 'hides'} '{one.name}', which is a setting here, as it"
                self.draft.ask(f"{told} stands in an address{'; is it no secret?' if is_shown else ''}", *place)
                text[index] = Hole("setting", one.name, one.default)
                self.settings.shown |= {one.name} if is_shown else set()
        return text

    def field(self, value: Any, part: Part, in_json: bool) -> Any:
        """A value of a request: a text that is a literal of Python is sent as that, in JSON of any kind."""
        if isinstance(value, Mapping):
            return {str(name): self.field(one, part, in_json) for name, one in value.items()}
        if isinstance(value, list):
            return [self.field(one, part, in_json) for one in value]
        if several := elements_of(value, part.parameters):
            return [self.field(one, part, in_json) for one in several]
        text = self.text(value, part)
        if not isinstance(text, str):
            return literal_of(text) if in_json and isinstance(text, list) else text
        try:
            literal = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return text
        return literal if isinstance(literal, (str, list) if not in_json else (str, list, dict, int, float)) else text

    def written(self, value: Any, part: Part, *place: str, is_doubled: bool = True, is_address: bool = False) -> Any:
        """A value of the manifest as the file has it; None where it cannot say it."""
        if isinstance(value, Mapping):
            found = {key: self.written(one, part, *place, is_doubled=is_doubled) for key, one in value.items()}
            return {key: one for key, one in found.items() if one is not None}
        if isinstance(value, list):
            return [self.written(one, part, *place, is_doubled=is_doubled) for one in value]
        return self.shown(self.text(value, part), *place, is_doubled=is_doubled, is_address=is_address)

    def shown(
        self, text: Any, *place: str, is_doubled: bool = True, is_address: bool = False, is_declared: bool = False
    ) -> Any:
        """A text with holes as the file has it; None where it cannot say it."""
        if isinstance(text, Mapping):
            found = {name: self.shown(one, *place, is_declared=is_declared) for name, one in text.items()}
            return {name: one for name, one in found.items() if one is not None}
        if isinstance(text, list) and not any(isinstance(one, Hole) for one in text):
            several = [self.shown(one, *place, is_declared=is_declared) for one in text]
            return [one for one, before in zip(several, text, strict=True) if one is not None or before is None]
        if isinstance(text, str):
            return doubled(text) if is_doubled else text
        return filled(text, self.settings, below(self.draft.lose, *place), is_doubled, is_address, is_declared)

    def piece(self, piece: Piece) -> str | Hole:
        """A piece that is no choice, as it stands in a text."""
        if isinstance(piece, str):
            return piece
        if isinstance(piece, Unknown):
            return Hole("unknown", piece.words)
        shown = f"{piece.root}.{piece.name}".rstrip(".")
        is_instead = piece.root == "config" and isinstance(piece.default, Ref)
        if is_instead and self.settings.value(piece.name) is None:
            return self.piece(piece.default)
        is_whole = is_instead or not piece.default
        if piece.is_cut and piece.root == "config" and is_whole and not self.settings.is_secret(piece.name):
            return _part_of_setting(self, piece)
        if page := _page_in(self, piece):
            return page
        if piece.is_cut or piece.added:
            return Hole("unknown", f"'{shown}' (cut, or counted on)")
        if piece.root == "config":
            if is_instead:
                return Hole("setting", piece.name)
            kind: Literal["secret", "setting"] = "secret" if self.settings.is_secret(piece.name) else "setting"
            value = self.settings.value(piece.name, piece.default) if piece.is_lower and kind == "setting" else None
            return Hole(kind, piece.name, piece.default) if value is None else str(value).lower()
        return self._of_request(piece, shown)

    def _of_request(self, piece: Ref, shown: str) -> str | Hole:
        name = str(piece.path[0]) if piece.path else ""
        is_extra = name == "extra_fields" and len(piece.path) > 1
        if field := _of_job(self, piece):
            return Hole("job", field)
        if (
            piece.root in _PARTITION
            and name == "parent_slice"
            and self.above
            and (field := taken_above(self, piece.path[1:]))
        ):
            return Hole("parent", field)
        if piece.root in _PARTITION and piece.last in self.constants:
            return str(self.constants[piece.last])
        if piece.root in _PARTITION and piece.last in self.each:
            return Hole("each", self.each[piece.last])
        if piece.root in _PARTITION and (found := self.parents.get(piece.last if is_extra else name)):
            return Hole("parent", ".".join([found, *map(str, () if is_extra else piece.path[1:])]))
        if piece.root in _INTERVAL and name in self.bounds and len(piece.path) == 1:
            return self.bound(self.bounds[name], piece)
        if piece.root == "stream_state":
            return _of_state(self, piece, shown)
        return _moment_of(piece) if piece.root == "now" else Hole("unknown", f"'{shown}'")

    def bound(self, kind: Any, piece: Ref) -> Hole:
        """A bound of the range, in the format that the expression names."""
        if piece.format == "%:z":
            self.has_colon_in_zone = True
        return Hole(kind, (piece.format != "%:z" and moment_format(piece.format)) or "")


def _page_in(scope: Scope, piece: Ref) -> Hole | None:
    """What a piece says of the page: its number where that is counted, else the token for it."""
    if piece.root != "next_page_token" or piece.is_cut:
        return None
    if scope.page.counted:
        scope.page.first = piece.added + (int(piece.default) if str(piece.default).isdigit() else 0)
        return Hole("page", scope.page.counted)
    return None if piece.added else Hole("token", piece.name)


def _holes(scope: Scope, piece: Piece) -> list[str | Hole]:
    """A piece as it stands in a text; of a choice, all that is chosen."""
    if isinstance(piece, Ref) and piece.root == "config" and piece.choice is not None:
        return [hole for one in _chosen(scope, piece, *piece.choice) for hole in _holes(scope, one)]
    return [scope.piece(piece)]


def _part_of_setting(scope: Scope, piece: Ref) -> Hole:
    """A setting of its own for what the source cuts out of one."""
    name = "_".join(re.findall(r"[A-Za-z0-9]+", piece.cut.removeprefix("config")))
    told = f"the setting '{name}' is what the source has as {quoted(piece.cut)}"
    scope.draft.ask(told)
    return Hole("setting", name)


def _chosen(scope: Scope, piece: Ref, wanted: Any, first: list[Any], second: list[Any]) -> list[Any]:
    """One of two texts, by the value of a setting; a secret is there."""
    if scope.settings.is_secret(piece.name):
        return first if wanted is True else second
    value = scope.settings.value(piece.name, piece.default)
    if value is None:
        told = f"the setting '{piece.name}' chooses between two texts, and the second was taken; give it by --setting"
        scope.draft.lose(f"{told} {piece.name}=...", "endpoint", "path", kind="setting")
    found = "false" if value in (None, "", 0) else str(value).lower()
    is_meant = found != "false" if wanted is True else found == str(wanted).lower()
    return first if is_meant else second


def is_nowhere(scope: Scope, piece: Ref) -> bool:
    """Whether an expression takes a partition's field that no router of the stream has."""
    known = {*scope.parents, *scope.each, *scope.constants, *scope.bounds, "parent_slice", "extra_fields"}
    has_router = bool(scope.parents or scope.each or scope.constants)
    return piece.root in _PARTITION and has_router and len(piece.path) == 1 and piece.path[0] not in known


def taken_above(scope: Scope, path: tuple[str | int, ...]) -> str | None:
    """`<parent>.<field>` of what the parent itself was asked for; its record gets a field for it."""
    parent = scope.above
    if parent is None or not path:
        return None
    name = str(path[0])
    if name in parent.each:
        return f"{parent.draft.name}._{parent.each[name]}"
    found = taken_above(parent, path[1:]) if name == "parent_slice" else parent.parents.get(name)
    return f"{parent.draft.name}.{parent.draft.taken_from_parent(found, parent.has_several)}" if found else None


def _of_state(scope: Scope, piece: Ref, shown: str) -> str | Hole:
    """The mark; nothing where the manifest has no cursor, as there is no state then."""
    if scope.cursor_field is not None:
        return scope.bound("start", piece) if piece.path[:1] == (scope.cursor_field,) else Hole("unknown", f"'{shown}'")
    told = f"'{shown}' is nothing, as the manifest has no cursor for it; if the list has a mark, add incremental"
    scope.draft.ask(told)
    return ""


def _moment_of(piece: Ref) -> Hole:
    """The moment of asking, or one so many days before it; what Python writes of a moment where nobody says how."""
    if piece.days > 0:
        return Hole("unknown", "of a day to come")
    pattern = piece.format or "%Y-%m-%d %H:%M:%S.%f+00:00"
    return Hole("now", f"now{f'-{-piece.days}d' if piece.days else ''}:{moment_format(pattern)}")


def _of_job(scope: Scope, piece: Ref) -> str | None:
    """The path in a job's answers that an expression takes; None where it takes something else."""
    path = piece.path
    if piece.root in _PARTITION and path[:1] in (("create_job_response",), ("creation_response",)):
        path = path[1:]
    elif (piece.root in _PARTITION and path in (("url",), ("download_target",))) or piece.root == "download_target":
        return _file_of_job(scope)
    elif piece.root not in ("creation_response", "polling_response"):
        return None
    return quoted_path(*path) if path else None


def _file_of_job(scope: Scope) -> str | None:
    found = str(scope.draft.endpoint.get("job", {}).get("download", ""))
    return found.removeprefix("{job.").removesuffix("}") or None
