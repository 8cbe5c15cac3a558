"""What `make docs` does to a page before it becomes HTML (https://www.mkdocs.org/dev-guide/plugins/#events).

A block of a page may have a second word, for the tests: the file that it is, or the part of one. The site would take
such a block for a paragraph. Here a file's name becomes the block's title, and any other word goes. A link to what the
site does not have, another folder of the checkout, becomes its name.
"""

from __future__ import annotations

import re
from typing import Any

_LEAVES = re.compile(r"\[`?([^]`]+)`?\]\(\.\./[^)]*\)")
_WORDED = re.compile(r"^(```\w+) +([^\n`]+)$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with fences and links that the site knows."""
    markdown = _LEAVES.sub(r"`\1`", markdown)
    return _WORDED.sub(lambda found: f'{found[1]} title="{found[2]}"' if "." in found[2] else found[1], markdown)
