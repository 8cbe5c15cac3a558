"""Typical mistakes and the sentences about them, in one file to be read from top to bottom.

`python -m messaging_assets_tests.mistakes` writes the sentences anew, below the files that are in it.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from messaging_assets.files.api_files import read_apis

GOLDEN = Path(__file__).parent / "snapshots" / "mistakes.md"
_BLOCK = re.compile(
    r"(?<=^```yaml\n)(?P<file>.*?)(?=^```\n)```\n\n```text\n(?P<said>.*?)```\n", re.MULTILINE | re.DOTALL
)


def told(golden: str) -> str:
    """The golden file with what is said today of each of its files.

    Args:
        golden: titles, files in blocks of `yaml`, and behind each a block of `text`.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "chat.yaml"

        def said(block: re.Match[str]) -> str:
            file.write_text(block["file"], encoding="utf-8")
            errors = read_apis(file).broken.values()
            text = "\n".join(str(error) for error in errors).replace(f"{folder}/", "")
            return f"{block['file']}```\n\n```text\n{text or 'nothing'}\n```\n"

        return _BLOCK.sub(said, golden)


if __name__ == "__main__":
    GOLDEN.write_text(told(GOLDEN.read_text(encoding="utf-8")), encoding="utf-8")
