"""Checks of the configuration of the reionization experiment before the first job."""

import math
from collections.abc import Mapping, Sequence

from cosmodag.dag.example_format import ExampleFormat
from cosmodag.dag.sub_box_groups import SubBoxes
from cosmodag.schema_errors import ConfigError

COLUMNS = (
    "redshift",
    "escape_fraction",
    "redshift_class",
    "escape_fraction_class",
    "neutral_fraction",
    "slice_neutral_fraction",
    "all_zero",
    "distorted_axis",
    "slice",
    "axis",
    *(f"{edge}_{letter}" for edge in ("lower", "upper", "box_size") for letter in "xyz"),
)
"""Columns of the index of slices that runs can use."""

Keys = tuple[str, ...]


def check(section: dict, user_section: Mapping) -> None:
    """Check that all cutouts select redshifts, escape fractions and realizations of their source.

    Parameters
    ----------
    section : dict
        Completed section `reionization` of the configuration.
    user_section : mapping
        Section as the user wrote it, without defaults.

    Raises
    ------
    ConfigError
        If a source lacks a selected value, or if no slice lies within a region.
    """
    for name, cutouts in section["cutouts"].items():
        keys = ("reionization", "cutouts", name)
        ((kind, source),) = section["sources"][cutouts["source"]].items()
        _check_selected((*keys, "redshifts"), cutouts.get("redshifts", ()), source["redshifts"])
        if kind == "simulation":
            fractions = source["escape_fractions"]
            selected = cutouts.get("escape_fractions", ())
            _check_selected((*keys, "escape_fractions"), selected, fractions)
            if cutouts.get("realizations", 1) > source["realizations"]:
                raise ConfigError(
                    (*keys, "realizations"),
                    f"{cutouts['realizations']} of {source['realizations']} realizations of the "
                    f"source {cutouts['source']!r}; give at most that",
                )
        _sub_boxes(section, cutouts).groups(keys)


def example_format(section: Mapping, name: str) -> ExampleFormat:
    """Return the format of the examples of an entry of `cutouts`.

    Parameters
    ----------
    section : mapping
        Completed section `reionization` of the configuration.
    name : str
        Name of the entry.

    Returns
    -------
    ExampleFormat
        Shapes, channels, columns, classes and number of groups.
    """
    cutouts = section["cutouts"][name]
    ((kind, source),) = section["sources"][cutouts["source"]].items()
    side = cutouts.get("side", source["cells"])
    ionized = cutouts["target"] == "ionized"
    classes = {"redshift_class": len(cutouts.get("redshifts", source["redshifts"]))}
    groups = count = None
    if kind == "simulation":
        fractions = cutouts.get("escape_fractions", source["escape_fractions"])
        classes["escape_fraction_class"] = len(fractions)
        keys = ("reionization", "cutouts", name)
        realizations = cutouts.get("realizations", source["realizations"])
        groups = _sub_boxes(section, cutouts).groups(keys) * realizations
        count = math.prod(classes.values(), start=realizations)
        count *= _sub_boxes(section, cutouts).count(keys)
    return ExampleFormat(
        shape=(side, side),
        channels=tuple(cutouts["channels"]),
        target_shape=(side, side) if ionized else (),
        target_channels=("ionized",) if ionized else (),
        columns=COLUMNS,
        classes=classes,
        groups=groups,
        count=count,
        periodic=side == source["cells"],
    )


def _check_selected(keys: Keys, selected: Sequence[float], available: Sequence[float]) -> None:
    """Raise an error for a selected value that the source lacks."""
    for value in selected:
        if not any(abs(value - other) < 1e-6 for other in available):
            raise ConfigError(
                keys,
                f"{value:g} is not in the source; known: "
                f"{', '.join(f'{other:g}' for other in available)}",
            )


def _sub_boxes(section: Mapping, cutouts: Mapping) -> SubBoxes:
    """Return the geometry of the slices of an entry of `cutouts`."""
    ((_, source),) = section["sources"][cutouts["source"]].items()
    cells = source["cells"]
    side = cutouts.get("side", cells)
    # Simulations have the same Hubble constant as the default of folders.
    cell_size = source["box_size"] * source.get("hubble", 0.6766) / cells
    return SubBoxes(
        cells=(cells,) * 3,
        side=side,
        depth=1,
        stride=cutouts.get("stride", side),
        stride_depth=cutouts["stride_depth"],
        axes=cutouts["axes"],
        regions=cutouts.get("regions"),
        buffer=(cutouts["buffer"] / cell_size,) * 3,
    )
