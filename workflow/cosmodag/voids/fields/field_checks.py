"""Checks of the fields of grids in the section `voids` of a configuration."""

from collections.abc import Mapping

from cosmodag.cutouts.survey_channels import SELECTION
from cosmodag.schema_errors import ConfigError
from cosmodag.voids.box_cells import cell_side, is_observed, is_periodic, remainders, three
from cosmodag.voids.fields.field_names import CELL_TOLERANCE, field_names


def fields_of(grid: Mapping) -> list[str]:
    """Return the names of the fields of a grid."""
    if "fields" not in grid:
        return []
    of_matter = ["matter_radii", "matter_thresholds"] if "pilots" in grid else []
    keys = ["smoothing", "thresholds", *of_matter]
    return field_names(*(grid["fields"][key] for key in keys))


def input_fields(section: Mapping, grid: Mapping) -> list[str]:
    """Return the names of the fields of a grid, with the selection function of a survey."""
    return [SELECTION] if is_observed(section["sources"][grid["source"]]) else fields_of(grid)


def check_fields(keys: tuple[str, ...], grid: Mapping, section: Mapping) -> None:
    """Check the fields of a grid, and the pilot boxes that they are made with.

    Parameters
    ----------
    keys : tuple of str
        Where the grid is in the configuration.
    grid, section : mapping
        The grid and the completed section.

    Raises
    ------
    ConfigError
    """
    source = section["sources"][grid["source"]]
    if "fields" in grid:
        if not is_periodic(source):
            raise ConfigError(
                (*keys, "fields"),
                f"the box of the source {grid['source']!r} is not periodic, so fields are not "
                "defined near its faces; remove this key",
            )
        radius, cell = grid["fields"]["minimum_radius"], cell_side(section, grid)
        if radius < 2 * cell:
            raise ConfigError(
                (*keys, "fields", "minimum_radius"),
                f"{radius} Mpc/h is below two cells of {cell:.3g} Mpc/h; give a larger radius or "
                "more cells",
            )
    if "pilots" not in grid:
        return
    if "fields" not in grid:
        raise ConfigError((*keys, "pilots"), "pilots serve fields; add the key fields")
    pilots = section["grids"][grid["pilots"]]
    pilot = section["sources"][pilots["source"]]
    if "simulation" not in pilot:
        raise ConfigError(
            (*keys, "pilots"),
            f"the source {pilots['source']!r} of {grid['pilots']!r} has no matter; simulate one",
        )
    if pilots["source"] == grid["source"] or (
        "simulation" in source and source["simulation"]["seed"] == pilot["simulation"]["seed"]
    ):
        raise ConfigError(
            (*keys, "pilots"),
            f"{grid['pilots']!r} has the boxes of this grid, so test boxes would be fitted to; "
            "give a source of its own with another seed",
        )
    if abs(cell_side(section, pilots) / cell_side(section, grid) - 1) > CELL_TOLERANCE:
        raise ConfigError(
            (*keys, "pilots"),
            f"cells of {grid['pilots']!r} have {cell_side(section, pilots):.3g} Mpc/h, those of "
            f"this grid {cell_side(section, grid):.3g} Mpc/h; give both the same",
        )
    matter = three(pilot["simulation"]["matter_cells"])
    if remainders(matter, pilots["cells"]):
        raise ConfigError(
            ("voids", "grids", grid["pilots"], "cells"),
            f"{pilots['cells']} does not divide matter_cells, {matter[0]}, of the source "
            f"{pilots['source']!r}, whose matter is reconstructed on these cells",
        )
