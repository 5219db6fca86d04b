"""Checks of the section `voids` of a configuration before the first job."""

import re
from collections.abc import Mapping, Sequence

from cosmodag.dag.example_format import ExampleFormat
from cosmodag.dag.sub_box_groups import SubBoxes
from cosmodag.errors import InputError
from cosmodag.file_patterns import find_files
from cosmodag.schema_errors import ConfigError
from cosmodag.voids.box_cells import remainders, sides, three
from cosmodag.voids.fields.field_checks import check_fields, fields_of
from cosmodag.voids.grids.cell_shape import unlike_cells

FINDERS = (
    "matter",
    "matter_spheres",
    "matter_watershed",
    "spheres",
    "underdensity",
    "watershed",
    "catalogue",
)
OF_MATTER = ("matter", "matter_spheres", "matter_watershed")
ANGLES = re.compile(r"^(ra|dec|glon|glat|lon|lat|alpha|delta|theta|phi)(_?(deg|rad|j2000))?$", re.I)

Keys = tuple[str, ...]


def check(section: dict, user_section: Mapping) -> None:
    """Check the sources, grids, labels and cutouts, and choose masks that fit their grid.

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
    for name, source in section["sources"].items():
        keys = ("voids", "sources", name)
        if "catalogue" in source:
            _check_catalogue((*keys, "catalogue"), source["catalogue"])
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
        _check_cutouts(("voids", "cutouts", name), section, name)
    for name, dataset in section["datasets"].items():
        if "test" in dataset:
            _check_seeds(("voids", "datasets", name, "test"), section, dataset)


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
    regions = _sub_boxes(section, cutouts).groups(("voids", "cutouts", name))
    groups = min(regions, cutouts.get("maximum", regions))
    realizations = source.get("simulation", {}).get("realizations", 1)
    groups *= realizations
    number = _sub_boxes(section, cutouts).count(("voids", "cutouts", name))
    number = min(number, cutouts.get("maximum", number)) * realizations
    periodic = source.get("catalogue", {}).get("periodic", True)
    whole = periodic and set(three(grid["cells"])) == {side}
    if cutouts["cubes"]:
        return ExampleFormat(
            shape=(side,) * 3,
            channels=("overdensity", *fields_of(grid)),
            periodic=whole,
            target_shape=(coarse,) * 3,
            target_channels=tuple(f"fraction_{finder}" for finder in finders),
            columns=(*columns, "corner_x", "corner_y", "corner_z"),
            groups=groups,
            cubes=True,
            count=number,
        )
    return ExampleFormat(
        shape=(side, side),
        periodic=whole,
        channels=("overdensity",)
        if layers == 1
        else tuple(f"overdensity_{layer}" for layer in range(layers)),
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


def _check_catalogue(keys: Keys, catalogue: Mapping) -> None:
    for where, table in ((keys, catalogue), ((*keys, "voids"), catalogue.get("voids"))):
        if table is None:
            continue
        if table["unit"] in ("Mpc", "kpc") and "hubble" not in table:
            raise ConfigError(
                (*where, "hubble"),
                f"missing; the unit {table['unit']} needs H0 / (100 km/s/Mpc), such as 0.7",
            )
        _check_table(where, table)
        angles = [str(name) for name in table["columns"][:3] if ANGLES.match(str(name))]
        if angles:
            from cosmodag.voids.catalogues.sky_columns import SURVEY

            raise ConfigError(
                (*where, "columns"),
                f"{', '.join(angles)} are angles; give comoving Cartesian positions x, y and z; "
                f"{SURVEY}",
            )
    if any(side <= 0 for side in three(catalogue["box_size"])):
        raise ConfigError((*keys, "box_size"), f"{catalogue['box_size']} must be above 0")

    from cosmodag.voids.catalogues.box_coordinates import angular_sides

    if angular_sides(three(catalogue["box_size"])):
        raise ConfigError(
            (*keys, "box_size"),
            f"{catalogue['box_size']} looks like angles in degrees and a redshift; give comoving "
            "sides in Mpc/h",
        )
    _check_header(keys, catalogue)


def _check_table(keys: Keys, table: Mapping) -> None:
    """Check that the files, where they exist, are complete and have the columns.

    Headers and the first row of the first file are read.
    """
    try:
        files = find_files(table["path"], "give the path of a table")
    except InputError as error:
        raise ConfigError((*keys, "path"), str(error)) from None
    if not all(file.is_file() for file in files):
        return
    from cosmodag.voids.catalogues.tables import read_columns

    weight = [table["weight"]] if "weight" in table else []
    columns = [*table["columns"], *weight, *table.get("cut", {})]
    settings = {key: table.get(key) for key in ("format", "table")}
    try:
        next(read_columns(files[0], columns, **settings, chunk_rows=1), None)
    except InputError as error:
        raise ConfigError((*keys, "columns"), str(error)) from None


def _check_header(keys: Keys, catalogue: Mapping) -> None:
    """Compare the header of the first file, where it exists, with the box, unit and files."""
    from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
    from cosmodag.voids.catalogues.catalogue_parts import check_parts
    from cosmodag.voids.catalogues.file_headers import read_header

    given = ("box_size", "unit", "hubble", "origin", "periodic")
    settings = {key: catalogue.get(key) for key in ("format", "table")}
    files, columns = find_files(catalogue["path"]), catalogue["columns"]
    try:
        coordinates = BoxCoordinates(**{key: catalogue[key] for key in given if key in catalogue})
        if all(file.is_file() for file in files):
            check_parts(files, [read_header(files[0], columns, **settings)], coordinates, columns)
    except InputError as error:
        raise ConfigError(keys, str(error)) from None


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


def _check_cutouts(keys: Keys, section: Mapping, name: str) -> None:
    cutouts = section["cutouts"][name]
    grid, labels = section["grids"][cutouts["grid"]], section["labels"][cutouts["labels"]]
    if grid["source"] != labels["source"]:
        raise ConfigError(
            (*keys, "labels"),
            f"{cutouts['labels']!r} is made from the source {labels['source']!r} and the grid "
            f"{cutouts['grid']!r} from {grid['source']!r}; use one source",
        )
    cells, mesh = three(grid["cells"]), labels["mesh"]
    if remainders(cells, mesh):
        fitting = [count for count in range(min(cells) // 8, min(cells) + 1) if count]
        fitting = [count for count in fitting if not remainders(cells, count)]
        raise ConfigError(
            ("voids", "labels", cutouts["labels"], "mesh"),
            f"{mesh} does not divide voids.grids.{cutouts['grid']}.cells, {grid['cells']}; give "
            + (f"one of {', '.join(map(str, fitting))}" if fitting else "a divisor"),
        )
    if cutouts["side"] % cutouts["factor"]:
        raise ConfigError(
            (*keys, "side"),
            f"{cutouts['side']} is not a multiple of factor, {cutouts['factor']}",
        )
    if not cutouts["cubes"] and cutouts["depth"] % cutouts["layers"]:
        raise ConfigError(
            (*keys, "depth"),
            f"{cutouts['depth']} is not a multiple of layers, {cutouts['layers']}",
        )
    source = section["sources"][grid["source"]]
    if cutouts["wrap"] and not source.get("catalogue", {}).get("periodic", True):
        raise ConfigError(
            (*keys, "wrap"), f"the box of the source {grid['source']!r} is not periodic"
        )
    _sub_boxes(section, cutouts).groups(keys)


def _sub_boxes(section: Mapping, cutouts: Mapping) -> SubBoxes:
    grid = section["grids"][cutouts["grid"]]
    source = section["sources"][grid["source"]]
    cells = three(grid["cells"])
    lengths = sides(section, grid["source"])
    depth = cutouts["side"] if cutouts["cubes"] else cutouts["depth"]
    return SubBoxes(
        cells=cells,
        side=cutouts["side"],
        depth=depth,
        stride=cutouts["stride"],
        stride_depth=cutouts["stride"] if cutouts["cubes"] else cutouts.get("stride_depth", depth),
        axes=[2] if cutouts["cubes"] else cutouts["axes"],
        wrap=cutouts["wrap"],
        positions=cutouts.get("positions"),
        regions=cutouts.get("regions"),
        buffer=[cutouts["buffer"] * count / side for count, side in zip(cells, lengths)],
        periodic=source.get("catalogue", {}).get("periodic", True),
    )
