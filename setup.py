"""What pyproject.toml cannot say: the description of the wheel, and a source archive that is the same twice."""

import gzip
import os
import re
import tarfile
from pathlib import Path
from typing import Any

from setuptools import setup
from setuptools.command.sdist import sdist

_README = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")


def _description() -> str:
    """The README without what would lead nowhere from an index: pictures and links into the checkout."""
    above_the_pages = _README.partition("\n## Docs\n")[0]
    without_pictures = re.sub(r"^!\[[^]]*\]\((?!https://)[^)]*\)\n+", "", above_the_pages, flags=re.MULTILINE)
    return re.sub(r"\[([^]]+)\]\((?!https://)[^)]*\)", r"\1", without_pictures)


def _same_for_all(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime = int(os.environ.get("SOURCE_DATE_EPOCH") or entry.mtime)
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


class Sdist(sdist):
    """Where SOURCE_DATE_EPOCH is set, the archive's bytes depend on the files alone (reproducible-builds.org)."""

    def make_archive(self, base_name: str, format: str, root_dir: Any = None, base_dir: Any = None, **_: Any) -> str:
        """Make the one archive that an index takes, whatever its format is called."""
        path = Path(f"{base_name}.tar.gz")
        files = sorted(Path(base_dir).rglob("*"))
        time = int(os.environ["SOURCE_DATE_EPOCH"]) if os.environ.get("SOURCE_DATE_EPOCH") else None
        with (
            path.open("wb") as raw,
            gzip.GzipFile("", "wb", fileobj=raw, mtime=time) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for file in files:
                archive.add(file, recursive=False, filter=_same_for_all)
        return str(path)


setup(
    cmdclass={"sdist": Sdist},
    long_description=_description(),
    long_description_content_type="text/markdown",
)
