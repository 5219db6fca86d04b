"""Checks of the section `reionization` of a configuration before the first job."""

from collections.abc import Mapping

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

Keys = tuple[str, ...]


def check(section: dict, given: Mapping) -> None:
    """Check that the cutouts select what their sources hold.

    Parameters
    ----------
    section : dict
        The completed section.
    given : mapping
        The section as the user wrote it.

    Raises
    ------
    ConfigError
    """
    for name, cutouts in section["cutouts"].items():
        keys = ("reionization", "cutouts", name)
        ((kind, source),) = section["sources"][cutouts["source"]].items()
        _check_chosen((*keys, "redshifts"), cutouts.get("redshifts", ()), source["redshifts"])
        if kind == "simulation":
            known = source["escape_fractions"]
            _check_chosen((*keys, "escape_fractions"), cutouts.get("escape_fractions", ()), known)
            if cutouts.get("realizations", 1) > source["realizations"]:
                raise ConfigError(
                    (*keys, "realizations"),
                    f"{cutouts['realizations']} of {source['realizations']} realizations of the "
                    f"source {cutouts['source']!r}; give at most that",
                )
        _sub_boxes(section, cutouts).groups(keys)


def example_format(section: Mapping, name: str) -> ExampleFormat:
    """Return what the examples of an entry of `cutouts` will hold."""
    cutouts = section["cutouts"][name]
    ((kind, source),) = section["sources"][cutouts["source"]].items()
    side = cutouts.get("side", source["cells"])
    ionized = cutouts["target"] == "ionized"
    classes = {"redshift_class": len(cutouts.get("redshifts", source["redshifts"]))}
    groups = None
    if kind == "simulation":
        fractions = cutouts.get("escape_fractions", source["escape_fractions"])
        classes["escape_fraction_class"] = len(fractions)
        regions = _sub_boxes(section, cutouts).groups(("reionization", "cutouts", name))
        groups = regions * cutouts.get("realizations", source["realizations"])
    return ExampleFormat(
        shape=(side, side),
        channels=tuple(cutouts["channels"]),
        target_shape=(side, side) if ionized else (),
        target_channels=("ionized",) if ionized else (),
        columns=COLUMNS,
        classes=classes,
        groups=groups,
        periodic=side == source["cells"],
    )


def _check_chosen(keys: Keys, chosen, known) -> None:
    for value in chosen:
        if not any(abs(value - other) < 1e-6 for other in known):
            raise ConfigError(
                keys, f"{value:g} is not in the source; known: {', '.join(f'{k:g}' for k in known)}"
            )


def _sub_boxes(section: Mapping, cutouts: Mapping) -> SubBoxes:
    ((_, source),) = section["sources"][cutouts["source"]].items()
    cells = source["cells"]
    side = cutouts.get("side", cells)
    # Simulations assume the same Hubble parameter as the default of folders.
    per_cell = source["box_size"] * source.get("hubble", 0.6766) / cells
    return SubBoxes(
        cells=(cells,) * 3,
        side=side,
        depth=1,
        stride=cutouts.get("stride", side),
        stride_depth=cutouts["stride_depth"],
        axes=cutouts["axes"],
        regions=cutouts.get("regions"),
        buffer=(cutouts["buffer"] / per_cell,) * 3,
    )
