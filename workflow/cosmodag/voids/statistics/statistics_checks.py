"""Checks of the statistics of voids in the section `voids` of a configuration."""

from collections.abc import Mapping

from cosmodag.schema_errors import ConfigError
from cosmodag.voids.box_cells import cell_side


def check_statistics(section: Mapping) -> None:
    """Check that the grids of statistics have pilots and the boxes of the labels.

    Parameters
    ----------
    section : mapping
        The completed section.

    Raises
    ------
    ConfigError
    """
    for name, entry in section["statistics"].items():
        if "grid" not in entry:
            continue
        keys = ("voids", "statistics", name)
        grid, labels = section["grids"][entry["grid"]], section["labels"][entry["labels"]]
        if "pilots" not in grid:
            raise ConfigError(
                (*keys, "grid"),
                f"{entry['grid']!r} has no pilots, by which the matter is reconstructed; name a "
                "grid with pilots, or remove this key",
            )
        if grid["source"] != labels["source"]:
            raise ConfigError(
                (*keys, "grid"),
                f"{entry['grid']!r} is made from the source {grid['source']!r} and the labels "
                f"{entry['labels']!r} from {labels['source']!r}; use one source",
            )
        radius, cell = entry.get("minimum_radius"), cell_side(section, grid)
        if radius is not None and radius < 2 * cell:
            raise ConfigError(
                (*keys, "minimum_radius"),
                f"{radius} Mpc/h is below two cells of {cell:.3g} Mpc/h of the grid "
                f"{entry['grid']!r}; give a larger radius",
            )
