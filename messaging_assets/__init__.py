"""REST APIs, described in one file each, as checked and scheduled Dagster assets.

The way from a file to a table, in rooms. No room imports one further down; a test reads this drawing.

    apis/<api>.yaml      one file = one API

    foundation/          failures, paths in JSON, moments, secrets taken out of texts, the project's folders
    seams/               what is private of dlt and Dagster, in one place
    seams/destinations/  databases that dlt loads into, with what it does otherwise than a sync needs
    seams/normalizing/   nested rows as tables of columns, as dlt makes them row by row

    description/ways/    ways of authentication that take more than a word
    description/         the shape of a file: pydantic models, nothing else
    files/rules/         what a description may not say, beyond its shape
    files/               from YAML to a checked description; every mistake with file and line

    answers/             what one answer says: records, keys, counts, signs of more and of failure
    answers/formats/     the body of an answer: JSON, lines of it, CSV, XML, archives; long ones in parts
    http/pace/           whose turn it is to ask, over one machine or several
    http/wire/           one request and its one answer, byte by byte, within bounds
    http/ways/           secrets onto requests: as they are, asked for, signed
    http/                attempts, secrets, pace, pages asked for ahead
    reading/times/       moments as APIs write them and files say them
    reading/cursors/     what is newer than the last sync
    reading/evidence/    what the pages of a list show of its being whole
    reading/             one list page by page, and whether it came whole
    reading/jobs/        exports that an API makes by and by: begun, waited for, fetched, deleted
    reading/paging/      how a list goes on: one paginator a `type` of the file

    rows/values/         values of one column, from JSON to Arrow, none altered in silence
    rows/keys/           which keys came before in a read
    rows/                records -> typed Arrow batches; what cannot be loaded is set aside
    destination/         which warehouse it is, and what it can keep
    tables/notes/        what a sync notes in the destination beside rows: its ledger and `sync_history`
    tables/              what is in the tables, and what is put right there
    loading/             a resource's pipeline: its source, its lock, what an interrupted sync left
    loading/table/       the table of one resource: what earlier syncs left there, which rows go
    loading/marks/       what earlier syncs left for the next read: how far each list came, and whether it still holds
    loading/passes/      one read from the first page to the last, loaded in parts
    loading/replay/      records that were set aside: shown, and loaded once the file is mended

    assets/metadata/     what Dagster shows of a sync, without secrets
    assets/              a resource as a Dagster asset: its op and its checks
    orchestration/alerts/ who is told when an asset turns red or green
    orchestration/automation/ when assets are synced: jobs, schedules, sensors
    orchestration/       whole APIs (`definitions_for`); what Dagster remembers of them; the component `RestApi`

    discovery/           what is found of an API, as a file; whether a file is right
    discovery/live/      from a live API to a file
    discovery/openapi/   from an OpenAPI document to a file
    conversion/          from a file of another tool to a file
    conversion/python/   a dictionary out of Python, read and not run
    conversion/own_code/ what a connector's own classes are, read and not run
    conversion/components/ a manifest's parts
    conversion/manifest/ from low-code manifests to resources
    sandbox/             an API to try everything on
    cli/health/          what `doctor` looks at
    cli/                 the command line, one file a verb
    cli/written/         verbs that write an API file
    cli/shown/           verbs that show what is in the destination

    definitions.py       the front door of Dagster, imported by no one
    description_files.py, rest_api.py    names that users import
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from messaging_assets.assets.translator import ApiTranslator
    from messaging_assets.description.api import ApiDescription
    from messaging_assets.orchestration.api_definitions import definitions_for
    from messaging_assets.orchestration.component import RestApi

__all__ = ["ApiDescription", "ApiTranslator", "RestApi", "definitions_for"]


def __getattr__(name: str) -> Any:
    """Import Dagster and dlt only for those who build definitions; `--help` needs neither."""
    from importlib import import_module

    modules = {
        "definitions_for": "orchestration.api_definitions",
        "ApiDescription": "description.api",
        "ApiTranslator": "assets.translator",
        "RestApi": "orchestration.component",
    }
    if name not in modules:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{modules[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
