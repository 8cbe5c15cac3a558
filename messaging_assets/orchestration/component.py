"""An API as a component of a Dagster project: one `defs.yaml` beside one API file.

    type: messaging_assets.RestApi
    attributes: {file: chat.yaml, name: chat}

The file is an API file like any other, so that its mistakes have a line and the verbs of the command line take it.
https://docs.dagster.io/guides/build/components
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from dagster import Component, ComponentLoadContext, Definitions, Model, Resolvable, Resolver
from dagster.components import scaffold_with

from messaging_assets.description.api import Resource
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.orchestration.scaffolder import RestApiScaffolder
from messaging_assets.seams.dagster_inside import TranslationFn, TranslationFnResolver

_TRANSLATION = TranslationFnResolver[Resource](lambda resource: {"resource": resource})
# Dagster's own resolver takes no words for the component's page.
_TRANSLATION.description = "Attributes of the assets, all but the key; `resource` and `spec` are known there."
_TRANSLATION.examples = [{"group_name": "chat_{{ resource.name }}", "tags": {"layer": "raw"}}]


def _text(description: str, example: str, kind: Any) -> Resolver:
    """A text that a template may fill in; one that is empty then was not left out, and is refused where it is used."""
    return Resolver(
        lambda context, value: value if value is None else context.resolve_value(value) or "",
        model_field_type=kind,
        description=description,
        examples=[example],
        inject_before_resolve=False,
    )


@scaffold_with(RestApiScaffolder)
class RestApi(Component, Model, Resolvable):
    """A REST API, described in one file: assets, checks, jobs, schedules and sensors for each of its lists.

    `dg scaffold defs messaging_assets.RestApi chat --base-url https://api.example.com --path /v1/messages` asks the
    API and writes the file. `--openapi openapi.yaml` reads a document instead. Without either the file is a
    commented example. Secrets are looked up in the environment (`CHAT__API_KEY`) or in the project's
    `.dlt/secrets.toml` when a sync starts. `translation` changes attributes of the assets, as in Dagster's own
    components.
    """

    file: Annotated[str, _text("The API file, from the folder of this defs.yaml.", "chat.yaml", str)]
    name: Annotated[
        str | None,
        _text(
            "The API's name: asset keys, tables and secrets begin with it; else the file's stem.", "chat", str | None
        ),
    ] = None

    translation: Annotated[TranslationFn[Resource] | None, _TRANSLATION] = None

    def build_defs(self, context: ComponentLoadContext) -> Definitions:
        """Assets, checks, jobs, schedules and sensors of the API; of a broken file an asset that is red.

        Raises:
            InvalidDescription: the file is broken, and `dg check defs` asks; it has all mistakes, each with its line.
        """
        os.environ.setdefault("MESSAGING_ASSETS_HOME", str(context.project_root))
        settle_environment()
        # Imported late: dlt reads its settings when it is imported.
        from messaging_assets.files.api_files import read_apis
        from messaging_assets.files.components import nothing_in
        from messaging_assets.orchestration.api_definitions import definitions_for
        from messaging_assets.orchestration.broken_files import broken_definitions

        folder = context.path if context.path.is_dir() else context.path.parent
        empty = [word for word, value in (("file", self.file), ("name", self.name)) if value == ""]
        found = nothing_in(empty, folder) if empty else read_apis(Path(folder, self.file), self.name)
        every = [definitions_for(one, translation=self.translation) for one in found.descriptions]
        return Definitions.merge(*every, broken_definitions(found.broken))
