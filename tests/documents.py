"""The pages of the documentation: their files, code blocks and commands."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
OTHERS = ("README.md", "CONTRIBUTING.md", "config/README.md", "profiles/README.md")
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```', re.M | re.S)


class Block(NamedTuple):
    """A code block: its language, the file that it is to be saved as (or ""), and its text."""

    language: str
    title: str
    text: str


def pages() -> list[str]:
    """Return the paths of all pages, from the repository's root."""
    site = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
    return [*OTHERS, *site]


def blocks(page: str) -> list[Block]:
    """Return the code blocks of a page."""
    return [Block(*found) for found in BLOCK.findall((ROOT / page).read_text())]


def files(page: str) -> dict[str, str]:
    """Return the files that a page asks its reader to save, with their text."""
    return {block.title: block.text for block in blocks(page) if block.title}


def commands(page: str) -> list[str]:
    """Return the commands of a page's shell blocks, without comments."""
    texts = (block.text for block in blocks(page) if block.language == "bash")
    lines = (
        re.sub(r"(^|\s+)#.*", "", line).strip() for text in texts for line in text.splitlines()
    )
    return [line for line in lines if line]


def all_commands(*programs: str) -> list[str]:
    """Return the commands of these programs on all pages, each once; of all without a program."""
    shown = dict.fromkeys(command for page in pages() for command in commands(page))
    return [command for command in shown if not programs or command.split()[0] in programs]
