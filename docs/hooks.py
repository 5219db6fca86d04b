"""Hooks of the documentation site: pages and tables that follow from the code."""

from pathlib import Path

EXPERIMENTS = "experiments"
SCHEMA_MARK = "<!-- configuration keys -->"


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
    """Put the keys of the configuration, printed from its schema, in their place."""
    if SCHEMA_MARK in markdown:
        markdown = markdown.replace(SCHEMA_MARK, _configuration_keys())
    return markdown


def _configuration_keys() -> str:
    """Return all keys with their units, ranges and defaults as Markdown."""
    return "The keys are listed in `workflow/schemas/config.schema.yaml`."
