"""The pages: each link leads somewhere, and each page can be reached."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(?:#[^)]*)?\)")


def pages() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", "*.md"], cwd=TOP, check=True, capture_output=True
    )
    return sorted(filter(None, listed.stdout.decode().split("\0")))


def links(page: str) -> list[Path]:
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", (TOP / page).read_text(), flags=re.S | re.M)
    found = (target for target in LINK.findall(text) if "://" not in target)
    return [((TOP / page).parent / target).resolve() for target in found]


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page: str) -> None:
    missing = [target for target in links(page) if not target.exists()]
    assert missing == []


def test_the_index_names_every_page() -> None:
    named = {target for page in ("docs/index.md", "docs/adr/README.md") for target in links(page)}
    written = {(TOP / page).resolve() for page in pages() if page.startswith("docs/")}
    readmes = {path for path in written if path.name in ("index.md", "README.md")}
    assert written - readmes <= named
