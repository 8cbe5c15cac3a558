"""What `dg scaffold defs messaging_assets.RestApi <name>` writes: a `defs.yaml`, and the API file that it names."""

from __future__ import annotations

from pathlib import Path

import click
from dagster import Scaffolder, ScaffoldRequest
from dagster.components import scaffold_component
from pydantic import BaseModel, ConfigDict, Field

from messaging_assets.foundation.folders import SHIPPED_APIS

# Dagster reads these as components, whatever they hold.
_TAKEN = ("defs", "component")


class RestApiParameters(BaseModel):
    """Where the API file comes from: the options of `messaging-assets discover`; none of them for the template."""

    model_config = ConfigDict(extra="forbid")

    base_url: str | None = Field(None, description="The API's address; with openapi it replaces the document's.")
    path: list[str] = Field(default_factory=list, description="Lists below the address.")
    auth: str | None = Field(None, description="How the API knows who asks, as discover has it.")
    openapi: str | None = Field(None, description="An OpenAPI or Swagger document; the API itself is not asked.")
    only: str | None = Field(None, description="With openapi: these resources only, with commas between them.")


class RestApiScaffolder(Scaffolder[RestApiParameters]):
    """Finds out about an API, or takes the template, and names the file after the folder."""

    @classmethod
    def get_scaffold_params(cls) -> type[RestApiParameters]:
        """The options of the command."""
        return RestApiParameters

    def scaffold(self, request: ScaffoldRequest[RestApiParameters]) -> None:
        """Write both files, or neither.

        Raises:
            click.ClickException: the API or document gives no API file, or the options contradict each other.
        """
        from messaging_assets.discovery.found import plain_name
        from messaging_assets.files.json_schema import editor_line

        name = plain_name(request.target_path.name)
        file = request.target_path / f"{name}.yaml"
        try:
            if name in _TAKEN:
                raise click.ClickException(f"'{name}' is a file of Dagster's own; give the component another name")
            if any(request.params.model_dump().values()):
                _discover(name, file, request.params)
            else:
                file.write_text(editor_line(file) + _template(name), encoding="utf-8")
        except BaseException:
            # Dagster made the folder, and takes a folder for a component that exists.
            if not any(request.target_path.iterdir()):
                request.target_path.rmdir()
            raise
        scaffold_component(request, {"file": file.name, "name": name})
        if request.scaffold_format == "python":
            component = request.target_path / "component.py"
            made = f'    return RestApi(file="{file.name}", name="{name}")'
            component.write_text(
                component.read_text(encoding="utf-8").replace(" ...\n", f"\n{made}\n"), encoding="utf-8"
            )


def _discover(name: str, file: Path, wanted: RestApiParameters) -> None:
    from messaging_assets.cli.written.discover import found_api, hand_over
    from messaging_assets.foundation.folders import settle_environment

    settle_environment()
    document = Path(wanted.openapi) if wanted.openapi else None
    if document and not document.is_file():
        raise click.UsageError(f"there is no file {document}")
    hand_over(found_api(name, wanted.base_url, wanted.path, wanted.auth, document, wanted.only), file)


def _template(name: str) -> str:
    """The commented example under its own name, without its line for editors, which holds where the template is."""
    text = (SHIPPED_APIS / "_template.yaml").read_text(encoding="utf-8")
    text = text.replace("TEAM_CHAT__", f"{name.upper()}__").replace("sources.team_chat", f"sources.{name}")
    return text[text.index("description:") :]
