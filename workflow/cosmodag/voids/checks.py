"""Checks of the section `voids` of a configuration before the first job."""

from collections.abc import Mapping, Sequence

from cosmodag.cutouts.survey_channels import KNOWN
from cosmodag.dag.example_format import ExampleFormat
from cosmodag.schema_errors import ConfigError
from cosmodag.voids.box_cells import is_observed, is_periodic, remainders, sides, three
from cosmodag.voids.catalogues.catalogue_checks import check_catalogue
from cosmodag.voids.cutouts.cutout_checks import check_cutouts, sub_boxes
from cosmodag.voids.cutouts.map_shape import channel_names
from cosmodag.voids.fields.field_checks import check_fields, fields_of, input_fields
from cosmodag.voids.grids.cell_shape import unlike_cells
from cosmodag.voids.statistics.statistics_checks import check_statistics
from cosmodag.voids.survey.simulated_survey_checks import check_observed, check_simulated_survey
from cosmodag.voids.survey.survey_checks import check_void_catalogue

FINDERS = (
    "matter",
    "matter_spheres",
    "matter_tidal",
    "matter_watershed",
    "spheres",
    "underdensity",
    "watershed",
    "catalogue",
)
OF_MATTER = ("matter", "matter_spheres", "matter_tidal", "matter_watershed")

Keys = tuple[str, ...]


def check(section: dict, user_section: Mapping) -> None:
    """Check catalogues, sources, grids, labels and cutouts, and choose masks that fit their grid.

    Parameters
    ----------
    section : dict
        The completed section. Where the user chose no `mesh` and the default does not divide the
        grid, it is replaced by half the cells of the grid.
    user_section : mapping
        The section as the user wrote it.

    Raises
    ------
    ConfigError
    """
    for name, entry in section["void_catalogues"].items():
        check_void_catalogue(("voids", "void_catalogues", name), entry)
    for name, source in section["sources"].items():
        keys = ("voids", "sources", name)
        if "catalogue" in source:
            check_catalogue((*keys, "catalogue"), source["catalogue"])
        else:
            _check_simulation((*keys, "simulation"), source["simulation"])
    for name, grid in section["grids"].items():
        keys = ("voids", "grids", name)
        _check_cells(keys, "cells", grid["cells"], sides(section, grid["source"]))
        check_fields(keys, grid, section)
    _choose_meshes(section, user_section)
    for name, labels in section["labels"].items():
        _check_labels(("voids", "labels", name), labels, section)
    for name in section["cutouts"]:
        check_cutouts(("voids", "cutouts", name), section, name)
    check_observed(section)
    for name, dataset in section["datasets"].items():
        if "test" in dataset:
            _check_seeds(("voids", "datasets", name, "test"), section, dataset)
    check_statistics(section)


def example_format(section: Mapping, name: str) -> ExampleFormat:
    """Return what the examples of an entry of `cutouts` will contain."""
    cutouts = section["cutouts"][name]
    grid = section["grids"][cutouts["grid"]]
    labels = section["labels"][cutouts["labels"]]
    finders = [finder for finder in FINDERS if finder in labels and labels[finder] is not False]
    side, layers, coarse = cutouts["side"], cutouts["layers"], cutouts["side"] // cutouts["factor"]
    source = section["sources"][grid["source"]]
    columns = [f"{quantity}_{finder}" for finder in finders for quantity in ("count", "volume")]
    columns += [f"{edge}_{letter}" for edge in ("lower", "upper", "box_size") for letter in "xyz"]
    columns += ["axis", *(("omega_m", "sigma8") if "simulation" in source else ())]
    regions = sub_boxes(section, cutouts).groups(("voids", "cutouts", name))
    realizations = source.get("simulation", {}).get("realizations", 1)
    groups = min(regions, cutouts.get("maximum", regions)) * realizations
    number = sub_boxes(section, cutouts).count(("voids", "cutouts", name))
    number = min(number, cutouts.get("maximum", number)) * realizations
    periodic, observed = is_periodic(source), is_observed(source)
    whole = periodic and set(three(grid["cells"])) == {side}
    if cutouts["cubes"]:
        return ExampleFormat(
            shape=(side,) * 3,
            channels=("overdensity", *input_fields(section, grid)),
            periodic=whole,
            target_shape=(coarse,) * 3,
            target_channels=(
                *(f"fraction_{finder}" for finder in finders),
                *([KNOWN] if observed else ()),
            ),
            columns=(*columns, "corner_x", "corner_y", "corner_z"),
            groups=groups,
            cubes=True,
            count=number,
        )
    pixels = side // cutouts["input_factor"]
    margin_layers = cutouts["margin_depth"] // max(cutouts["depth"] // layers, 1)
    return ExampleFormat(
        shape=(pixels, pixels),
        periodic=whole,
        channels=tuple(channel_names(layers, margin_layers, fields_of(grid))),
        target_shape=(coarse, coarse),
        target_channels=tuple(
            f"{quantity}_{finder}" for finder in finders for quantity in ("fraction", "centres")
        ),
        columns=tuple(columns),
        groups=groups,
        count=number,
    )


def _check_seeds(keys: Keys, section: Mapping, dataset: Mapping) -> None:
    """Refuse a test set of simulated boxes that have the initial conditions of the training set."""
    grids = (section["cutouts"].get(dataset[key], {}).get("grid") for key in ("cutouts", "test"))
    train, test = (section["grids"].get(grid, {}).get("source") for grid in grids)
    seeds = [
        section["sources"].get(source, {}).get("simulation", {}).get("seed")
        for source in (train, test)
    ]
    if train != test and None not in seeds and seeds[0] == seeds[1]:
        raise ConfigError(
            keys,
            f"{dataset['test']} is of source {test}, whose seed {seeds[1]} is that of source "
            f"{train}, so both have the same initial conditions; give one of them another seed",
        )


def _check_simulation(keys: Keys, simulation: Mapping) -> None:
    for name, value in simulation.get("cosmology", {}).items():
        if isinstance(value, list) and value[0] > value[1]:
            raise ConfigError((*keys, "cosmology", name), f"{value} is no range; give [low, high]")
    if "survey" in simulation:
        check_simulated_survey(keys, simulation)


def _check_cells(keys: Keys, key: str, cells, lengths: Sequence[float]) -> None:
    """Check that the cells of a grid are cubes."""
    if fault := unlike_cells(three(cells), lengths):
        raise ConfigError((*keys, key), fault)


def _choose_meshes(section: dict, user_section: Mapping) -> None:
    for name, labels in section["labels"].items():
        if "mesh" in user_section["labels"][name]:
            continue
        for cutouts in section["cutouts"].values():
            grid = section["grids"][cutouts["grid"]]
            cells = three(grid["cells"])
            if cutouts["labels"] == name and remainders(cells, labels["mesh"]):
                halves = [count // 2 if count % 2 == 0 else count for count in cells]
                labels["mesh"] = halves[0] if len(set(halves)) == 1 else halves


def _check_labels(keys: Keys, labels: Mapping, section: Mapping) -> None:
    source = section["sources"][labels["source"]]
    chosen = [finder for finder in FINDERS if finder in labels and labels[finder] is not False]
    if not chosen:
        raise ConfigError(keys, f"no void finder; give one or more of {', '.join(FINDERS)}")
    for finder in OF_MATTER:
        if finder in labels and "simulation" not in source:
            raise ConfigError(
                (*keys, finder),
                f"the source {labels['source']!r} is a catalogue without matter; choose from "
                f"{', '.join(name for name in FINDERS if name not in OF_MATTER)}",
            )
    if labels["catalogue"] and "voids" not in source.get("catalogue", {}):
        raise ConfigError(
            (*keys, "catalogue"),
            f"the source {labels['source']!r} has no catalogue of voids; add it under "
            f"voids.sources.{labels['source']}.catalogue.voids",
        )
    for finder in ("matter_spheres", "underdensity"):
        radii = labels.get(finder, {})
        if radii.get("maximum_radius", float("inf")) < radii.get("minimum_radius", 8):
            raise ConfigError(
                (*keys, finder, "maximum_radius"),
                f"{radii['maximum_radius']} is below minimum_radius {radii['minimum_radius']}",
            )
    for finder in ("matter_watershed", "watershed"):
        settings = labels.get(finder, {})
        ridge, highest = settings.get("ridge", 0.2), 1 + settings.get("threshold", -0.3)
        if ridge > highest:
            raise ConfigError(
                (*keys, finder, "ridge"),
                f"{ridge} is above the density {highest:g} of the threshold, beyond "
                "which there are no voids",
            )
    _check_cells(keys, "mesh", labels["mesh"], sides(section, labels["source"]))
