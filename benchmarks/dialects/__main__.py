"""`python -m benchmarks.dialects`: convert manifests of published connectors, sync them, and compare with the peer."""

from __future__ import annotations

import argparse
import collections
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.dialects.comparison import difference, has_more, our_rows
from benchmarks.dialects.ours import converted_by, sync
from messaging_assets.conversion.outcome import Converted

_HERE = Path(__file__).parent
_CACHE = _HERE.parent / ".cache" / "dialects"
_READER = "airbyte-cdk==7.39.1"
_SECONDS = 900
OUTCOMES = (
    "equal",
    "different",
    "different and doubted",
    "more here",
    "ours failed",
    "not converted",
    "theirs failed",
    "both failed",
    "nothing came",
)
_TIMES = ("once", "twice")


def main() -> int:
    """Compare the chosen packages; the exit code is 1 where a stream differs, or is read by the peer alone."""
    chosen = _arguments()
    python = _reader()
    counts = {time: collections.Counter[str]() for time in _TIMES[: 1 + chosen.twice]}
    for name in chosen.packages:
        manifest = _manifest(name, python)
        if manifest is None:
            print(f"{name}: no manifest in the package")
            continue
        with tempfile.TemporaryDirectory(prefix="dialects-") as temporary:
            folder = Path(chosen.keep).resolve() / name if chosen.keep else Path(temporary) / name
            folder.mkdir(parents=True)
            found = list(compared(manifest, name.replace("-", "_"), folder, python, chosen.twice))
        for time, stream, outcome, why in found:
            counts[time][outcome] += 1
            if outcome != "equal" or chosen.verbose:
                print(f"{name}.{stream}, {time}: {outcome}{f': {why}' if why else ''}", flush=True)
        for time in counts:
            print(f"{name}, {time}: {_counted(outcome for one, _, outcome, _ in found if one == time)}", flush=True)
    for time, several in counts.items():
        print(f"all, {time}: {_counted(several.elements())}")
    return 1 if any(one["different"] or one["ours failed"] for one in counts.values()) else 0


def _counted(outcomes: Iterable[str]) -> str:
    own = collections.Counter(outcomes)
    return ", ".join(f"{own[one]} {one}" for one in OUTCOMES if own[one])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dialects", description=__doc__)
    parser.add_argument("packages", nargs="+", help="names of published connectors, without their prefix")
    parser.add_argument("--keep", help="a folder where files, rows and tables stay")
    parser.add_argument("--twice", action="store_true", help="sync again when each list has newer rows")
    parser.add_argument("--verbose", action="store_true", help="name streams that are equal, too")
    return parser.parse_args()


def compared(
    manifest: Path, api: str, folder: Path, python: Path, is_twice: bool = False
) -> Iterator[tuple[str, str, str, str]]:
    """After which sync, `once` or `twice`; each stream of a manifest; what came of it; and why.

    Args:
        manifest: its file, in the folder of its package.
        api: the API's name.
        folder: is filled.
        python: of the peer's environment.
        is_twice: whether both sync once more, when there are newer rows; then all that came is compared.
    """
    command = [str(python), "-m", "benchmarks.dialects.theirs.play", manifest, manifest.parent.parent, folder]
    command[1:3] = ["-m", "theirs.play"]
    times = _TIMES[: 1 + is_twice]
    with (folder / "peer.log").open("w") as log:
        playing = subprocess.Popen(
            command, env={"PYTHONPATH": str(_HERE), "PATH": ""}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=log, text=True,
        )  # fmt: skip
        try:
            assert playing.stdout
            ready = next((line for line in playing.stdout if line.startswith("ready ")), "")
            if not ready:
                told = (folder / "peer.log").read_text().strip().rpartition("\n")[2][:200]
                yield from ((time, "*", "theirs failed", told) for time in times)
                return
            plan = json.loads((folder / "plan.json").read_text())
            shutil.copytree(manifest.parent, folder, dirs_exist_ok=True, ignore=_but_code)
            try:
                converted = converted_by(folder / "manifest.yaml", api, plan["config"])
            except Exception as error:  # noqa: BLE001 - the command would end here, too
                told = str(error)[:200]
                yield from ((time, "*", "not converted", told) for time in times)
                return
            for time in times:
                if time != _TIMES[0] and playing.stdin:
                    # Each list has newer rows by now; both go on from where they were.
                    print(file=playing.stdin, flush=True)
                    next((line for line in playing.stdout if line.startswith("ready ")), "")
                assets = sync(converted, folder, int(ready.split()[1]))
                yield from ((time, *one) for one in _told(converted, assets, folder, api))
            playing.communicate(timeout=30)
        finally:
            playing.kill()


def _but_code(_: str, names: list[str]) -> list[str]:
    return [one for one in names if "." in one and not one.endswith((".py", ".json"))]


def _told(converted: Converted, assets: dict[str, Any], folder: Path, api: str) -> Iterator[tuple[str, str, str]]:
    database = next(iter(folder.rglob("*.duckdb")), folder / "none.duckdb")
    drafts = {one.name: one for one in converted.drafts}
    from messaging_assets.discovery.found import plain_name

    for file in sorted((folder / "rows").iterdir()):
        theirs = json.loads(file.read_text())
        if (later := folder / "rows_later" / file.name).exists():
            more = json.loads(later.read_text())
            theirs = {"rows": theirs["rows"] + more["rows"], "errors": theirs["errors"] + more["errors"]}
        draft = drafts.get(plain_name(file.stem, "rows"))
        failed = "; ".join(theirs["errors"])[:200]
        if draft is None or not draft.is_carried:
            yield file.stem, "both failed" if failed else "not converted", draft.losses[0].words if draft else ""
            continue
        asset = assets.get(draft.name, {})
        rows = our_rows(database, api, draft.name) if database.exists() else None
        reason = str(asset.get("reason") or "")[:300]
        if rows is None or asset.get("state") == "failed":
            if not theirs["rows"] and not failed and asset.get("state") != "failed":
                yield file.stem, "nothing came", ""
            else:
                yield file.stem, "both failed" if failed else "ours failed", reason or failed
        elif failed:
            yield file.stem, "theirs failed", failed
        else:
            words = difference(theirs["rows"], rows)
            if words and later.exists() and has_more(theirs["rows"], rows):
                # Their range ends before now, as at midnight: what came since is for their next sync.
                yield file.stem, "more here", words
                continue
            lost = "; ".join(one.words for one in draft.losses if one.kind == "loss")
            is_doubted = asset.get("verdict") == "unknown"
            apart = "different and doubted" if is_doubted else "different"
            yield file.stem, apart if words else "equal", f"{words} | {lost}" if words else ""


def _reader() -> Path:
    """The Python of the peer's environment, which is made where it is missing."""
    python = _CACHE / "reader" / "bin" / "python"
    if not (ready := _CACHE / "reader" / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", python.parent.parent], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", _READER], check=True)
        ready.touch()
    return python


def _manifest(name: str, python: Path) -> Path | None:
    """The manifest of a published package, unpacked with what it has beside it."""
    package = name.replace("-", "_")
    folder = _CACHE / "packages" / package
    if not folder.exists():
        wheels = _CACHE / "wheels" / package
        pip = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "-d", wheels]
        subprocess.run([*pip, f"airbyte-source-{name}"], check=True)
        with zipfile.ZipFile(next(wheels.glob("*.whl"))) as archive:
            archive.extractall(folder)
    return next(iter(sorted(folder.glob("source_*/manifest.yaml"))), None)


if __name__ == "__main__":
    sys.exit(main())
