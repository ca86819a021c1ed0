"""What the texts of the repository must not say: the package index has an unrelated project named jobkit."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

SUFFIXES = {".md", ".py", ".toml", ".yaml", ".yml", ".rst", ".txt", ".cfg", ".j2", ".html"}
INSTALL_BY_NAME = re.compile(r"""(?:pip|uv|pipx|poetry)\s+(?:install|add|pip install)\s+(?:-\S+\s+)*['"]?jobkit\b""")
NEAR = 160


def test_no_text_installs_jobkit_by_its_name_without_saying_from_where(checkout: Path) -> None:
    this_file = Path(__file__).resolve()
    offenders = []

    for path in texts(checkout):
        if path == this_file:
            continue
        text = path.read_text(encoding="utf-8")
        for match in INSTALL_BY_NAME.finditer(text):
            around = text[max(0, match.start() - NEAR) : match.end() + NEAR]
            if "from a checkout" not in around.lower():
                offenders.append(f"{path.relative_to(checkout)}: {match[0]}")

    assert offenders == [], "say 'from a checkout' beside it, and install the checkout: pip install '.[lint]'"


def texts(checkout: Path) -> list[Path]:
    """The text files of the checkout, without what git ignores where git can tell."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0:
        paths = [checkout / line for line in listing.stdout.splitlines()]
    else:
        folders = ("jobkit", "lint", "pytest_plugin", "tests", "docs")
        paths = [*checkout.glob("*.*"), *(path for folder in folders for path in (checkout / folder).rglob("*"))]
    found = [path for path in paths if path.suffix in SUFFIXES and path.is_file()]
    assert found, "no text was found, so nothing was looked at"
    return found
