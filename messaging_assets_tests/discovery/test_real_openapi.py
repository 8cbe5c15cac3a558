"""discover on API documents that nobody here wrote, where a package that ships one is installed; nothing is fetched."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest
from click.testing import CliRunner

from messaging_assets.cli.written.discover import command
from messaging_assets.files.api_files import read_file

# Debian's docker-doc: a Swagger 2 document for each version of the Docker Engine's API, one file without dependencies.
DOCKER = sorted(Path("/usr/share/doc/docker-doc/api").glob("v*.yaml.gz"))
_NAMED_LIKE_ONE = re.compile(r"(openapi|swagger|api)[^/]*\.(json|ya?ml)$", re.IGNORECASE)
_IS_ONE = re.compile(r"^\s*[\"']?(openapi|swagger)[\"']?\s*:", re.MULTILINE)


def documents() -> Iterator[Path]:
    """The API documents of installed Python packages."""
    for distribution in distributions():
        for file in distribution.files or ():
            path = Path(str(distribution.locate_file(file)))
            if _NAMED_LIKE_ONE.search(str(file)) and path.is_file():
                text = path.read_text(encoding="utf-8", errors="replace")
                if _IS_ONE.search(text) and re.search(r"^\s*[\"']?paths[\"']?\s*:", text, re.MULTILINE):
                    yield path


def discovered(document: Path, folder: Path) -> Path | str:
    """The API file that a document leads to, or why it leads to none."""
    output = folder / f"api_{len(list(folder.iterdir()))}.yaml"
    done = CliRunner().invoke(command, ["--openapi", str(document), "-o", str(output)])
    assert done.exit_code == 0 or isinstance(done.exception, SystemExit), done.exc_info
    return output if done.exit_code == 0 else done.stderr


@pytest.mark.skipif(not DOCKER, reason="docker-doc is not installed (apt-get install docker-doc)")
@pytest.mark.parametrize("document", [DOCKER[0], DOCKER[-1]] if DOCKER else [])
def test_the_documents_of_a_container_engine_become_its_lists(document: Path, tmp_path: Path) -> None:
    (tmp_path / "docker.yaml").write_bytes(gzip.decompress(document.read_bytes()))
    file = discovered(tmp_path / "docker.yaml", tmp_path)
    assert isinstance(file, Path), file
    found = read_file(file).resources_in_full
    engine = {"containers", "images", "volumes", "networks", "plugins"}
    assert engine | {"services", "tasks", "nodes", "secrets"} <= set(found)
    assert {name: found[name].keys for name in engine} == {**dict.fromkeys(engine, ("Id",)), "volumes": ("Name",)}
    assert found["containers"].endpoint.path == "/containers/json"
    assert found["volumes"].endpoint.data_selector == "Volumes"
    assert found["changes"].endpoint.path == "/containers/{resources.containers.Id}/changes"
    assert found["containers"].columns["Ports"].data_type == "json"
    assert found["nodes"].columns["ID"].data_type == "text"
    told = " ".join(file.read_text().split())
    assert "GET /info: it answers one object" in told
    assert "GET /images/search: no list gives a value for term" in told


def test_the_documents_of_installed_packages_become_good_files_or_are_refused_in_a_sentence(tmp_path: Path) -> None:
    found = list(documents())
    if not found:
        pytest.skip("no Python package here ships an API document; apache-airflow-core and jupyterlab-server do")
    for document in found:
        file = discovered(document, tmp_path)
        if isinstance(file, str):
            assert "no endpoint became a resource, because of:" in file or "cannot be read" in file, document
            continue
        for name, resource in read_file(file).resources_with_unselected.items():
            fields = re.findall(r"{resources\.(\w+\.[^}]+)}", str(resource.endpoint.path))
            assert len(set(fields)) == len(fields), f"{document}: {name} takes one field for two things"


def test_a_document_is_known_by_what_it_holds(tmp_path: Path) -> None:
    assert _NAMED_LIKE_ONE.search("package/rest-api.yml")
    assert not _NAMED_LIKE_ONE.search("package/api.py")
    assert _IS_ONE.search('{"info": 1,\n "openapi": "3.1.0"}')
    assert not _IS_ONE.search("an openapi document")
