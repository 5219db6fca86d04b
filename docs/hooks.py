"""Hooks of the documentation site: pages and tables that follow from the code."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from docs import api_reference

EXPERIMENTS = "experiments"
API_MARK = "<!-- public API -->"
INCLUDE = re.compile(r"^.*<!-- include (\S+) -->$", re.M)
"""A line that a file replaces; text before the mark is for readers of the repository."""


def on_config(config):
    """Add a page for each file in docs/experiments to the navigation."""
    folder = Path(config["docs_dir"]) / EXPERIMENTS
    pages = sorted(path.name for path in folder.glob("*.md") if path.name != "index.md")
    (section,) = (entry for entry in config["nav"] if "Experiments" in entry)
    section["Experiments"] = [
        f"{EXPERIMENTS}/index.md",
        *(f"{EXPERIMENTS}/{page}" for page in pages),
    ]
    return config


def on_page_markdown(markdown, page, config, files):
    """Insert the reference of the API and files of the repository where a page asks for them."""
    root = Path(config["docs_dir"]).parent
    if API_MARK in markdown:
        reference = api_reference.reference(root / "workflow" / "cosmodag")
        markdown = markdown.replace(API_MARK, reference)
    return INCLUDE.sub(lambda match: _without_title(root / match[1]), markdown)


def _without_title(path: Path) -> str:
    """Return a Markdown file without its first heading."""
    return re.sub(r"\A# .*\n", "", path.read_text())
