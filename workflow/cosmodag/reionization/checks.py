"""Checks of the configuration of the reionization experiment before the first job."""

import math
from collections.abc import Mapping, Sequence

from cosmodag.dag.example_format import ExampleFormat
from cosmodag.dag.sub_box_groups import SubBoxes
from cosmodag.reionization.simulation.parameters import LOG, PARAMETERS
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

REDSHIFTS, ESCAPE_FRACTIONS = (4, 30), (0, 1)
"""Limits of these parameters."""

Keys = tuple[str, ...]


def check(section: dict, user_section: Mapping) -> None:
    """Check the parameters of sources, and that cutouts select those that their source has.

    Parameters
    ----------
    section : dict
        Completed section `reionization` of the configuration.
    user_section : mapping
        Section as the user wrote it, without defaults.

    Raises
    ------
    ConfigError
        If a source has a parameter twice or not at all, or a range that cannot be simulated; if it
        lacks a selected value; or if no slice lies within a region.
    """
    for name, source in section["sources"].items():
        if "simulation" in source:
            _check_parameters(("reionization", "sources", name, "simulation"), source["simulation"])
    for name, cutouts in section["cutouts"].items():
        keys = ("reionization", "cutouts", name)
        ((kind, source),) = section["sources"][cutouts["source"]].items()
        for key in ("redshifts", "escape_fractions") if kind == "simulation" else ("redshifts",):
            _check_selected((*keys, key), cutouts.get(key, ()), source.get(key))
        if kind == "simulation" and cutouts.get("realizations", 1) > source["realizations"]:
            raise ConfigError(
                (*keys, "realizations"),
                f"{cutouts['realizations']} of {source['realizations']} realizations of the "
                f"source {cutouts['source']!r}; give at most that",
            )
        if cutouts["wedge"] and "regions" in cutouts:
            raise ConfigError(
                (*keys, "regions"),
                "the modes of the wedge are removed from the whole box, so that each region "
                "contains a part of all others; remove this key or set wedge: 0",
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
    classes = {
        f"{key}_class": len(cutouts.get(f"{key}s", source[f"{key}s"]))
        for key in ("redshift", "escape_fraction")
        if f"{key}s" in source
    }
    groups = count = None
    if kind == "simulation":
        keys = ("reionization", "cutouts", name)
        realizations = cutouts.get("realizations", source["realizations"])
        groups = _sub_boxes(section, cutouts).groups(keys) * realizations
        count = math.prod(classes.values(), start=realizations * source["draws"])
        count *= _sub_boxes(section, cutouts).count(keys)
    return ExampleFormat(
        shape=(side, side),
        channels=tuple(cutouts["channels"]),
        target_shape=(side, side) if ionized else (),
        target_channels=("ionized",) if ionized else (),
        columns=_columns(source),
        classes=classes,
        groups=groups,
        count=count,
        periodic=side == source["cells"],
    )


def _columns(source: Mapping) -> tuple[str, ...]:
    """Return the columns of the slices of a source, with the parameters that it draws."""
    drawn = [name for name in PARAMETERS if isinstance(source.get(name), Sequence)]
    drawn += [f"{LOG}{name}" for name in drawn if name in source["log_uniform"]]
    without_class = {f"{name}_class" for name in drawn}
    return tuple(dict.fromkeys([*(c for c in COLUMNS if c not in without_class), *drawn]))


def _check_parameters(keys: Keys, simulation: Mapping) -> None:
    """Raise an error for a missing parameter, one that is given twice, or an impossible range."""
    for key, limits in (("redshift", REDSHIFTS), ("escape_fraction", ESCAPE_FRACTIONS)):
        if (key in simulation) == (f"{key}s" in simulation):
            raise ConfigError(
                (*keys, f"{key}s"),
                f"give either a list {key}s, or a range {key}: [low, high], and not both",
            )
        low, high = simulation.get(key, limits)
        if low < limits[0] or high > limits[1]:
            raise ConfigError(
                (*keys, key), f"[{low:g}, {high:g}] is not within {limits[0]} and {limits[1]}"
            )
    for key in PARAMETERS:
        value = simulation.get(key)
        if isinstance(value, Sequence) and not value[0] < value[1]:
            raise ConfigError((*keys, key), f"{list(value)} is no range; give [low, high]")
    if simulation["draws"] > 1 and "redshift" not in simulation:
        raise ConfigError(
            (*keys, "draws"), "several draws need a range redshift: [low, high]; remove this key"
        )
    if simulation["engine"] == "21cmfast" and isinstance(simulation["clumping_factor"], Sequence):
        raise ConfigError(
            (*keys, "clumping_factor"),
            "21cmFAST is run without recombinations; give no range, or choose the engine "
            "excursion_set",
        )


def _check_selected(
    keys: Keys, selected: Sequence[float], available: Sequence[float] | None
) -> None:
    """Raise an error for a selected value that the source lacks."""
    for value in selected:
        if available is None:
            raise ConfigError(keys, "the source draws them from a range; remove this key")
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
