"""The configuration's schema fills defaults and names mistakes."""

import pytest
import yaml

from cosmodag import settings
from cosmodag.errors import InputError


def minimal(**changes) -> dict:
    sections = ("sources", "grids", "labels", "cutouts", "datasets", "runs")
    voids = {section: {} for section in sections}
    voids["sources"] = {"boxes": {"simulation": {}}}
    voids["grids"] = {"fine": {"source": "boxes"}}
    return {"voids": {**voids, **changes}}


def test_defaults_are_filled_in():
    config = settings.complete(minimal())
    assert config["results"] == "results"
    assert config["voids"]["grids"]["fine"]["method"] == "cic"
    assert config["voids"]["sources"]["boxes"]["simulation"]["realizations"] > 0


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"voidz": {}}, "voidz: not a known key; did you mean 'voids'"),
        (
            minimal(grids={"fine": {"source": "boxes", "cell": 64}}),
            r"voids.grids.fine.cell: not a known key; did you mean 'cells'",
        ),
        (
            minimal(grids={"fine": {"source": "boxs"}}),
            "voids.grids.fine.source: 'boxs' is not defined .* did you mean 'boxes'",
        ),
        (minimal(grids={"fine": {"source": "boxes", "method": "cik"}}), "fine.method: 'cik'"),
        (minimal(grids={"fine": {"source": "boxes", "cells": "many"}}), "fine.cells: 'many'"),
        (
            minimal(grids={"fine": {}}),
            "voids.grids.fine.source: missing; required: entry of",
        ),
        (minimal(grids={"../up": {"source": "boxes"}}), r"\.\./up"),
    ],
)
def test_a_mistake_is_named_with_its_cure(config, message):
    with pytest.raises(InputError, match=message) as error:
        settings.complete(config)
    assert "\n" not in str(error.value)


def test_every_shipped_configuration_fits_the_schema(repository):
    shipped = sorted((repository / "config").rglob("*.yaml"))
    assert shipped
    for path in shipped:
        settings.complete(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize(
    "section",
    [
        *(f"voids/{name}" for name in ("sources/*/simulation", "sources/*/catalogue")),
        *(f"voids/{name}" for name in ("grids/*", "cutouts/*")),
        *(f"reionization/sources/*/{kind}" for kind in ("simulation", "folder")),
        "reionization/cutouts/*",
        *(f"galaxies/sources/*/{kind}" for kind in ("simulation", "folder")),
        "galaxies/cutouts/*",
    ],
)
def test_every_key_says_what_it_is(section):
    for key, part in settings.keys(section):
        assert part.get("description"), f"{section}: {key}"


def test_two_stages_that_share_a_section_share_no_key():
    section = "reionization/sources/*/simulation"
    initial, cubes = (
        {key for key, _ in settings.stage_keys(section, stage)} for stage in ("initial", None)
    )
    assert initial == {"engine", "seed", "box_size", "cells", "particles"}
    assert "escape_fractions" in cubes
    assert not initial & cubes
    assert not {"redshifts", "realizations", "batch"} & (initial | cubes)
