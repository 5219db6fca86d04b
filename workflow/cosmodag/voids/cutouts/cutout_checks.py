"""Checks of the entries of `cutouts` in the section `voids` of a configuration."""

from collections.abc import Mapping

from cosmodag.dag.sub_box_groups import SubBoxes
from cosmodag.schema_errors import ConfigError
from cosmodag.voids.box_cells import is_periodic, remainders, sides, three

Keys = tuple[str, ...]


def check_cutouts(keys: Keys, section: Mapping, name: str) -> None:
    """Check an entry of `cutouts`.

    Parameters
    ----------
    keys : tuple of str
        Where the entry is in the configuration.
    section : mapping
        The completed section.
    name : str
        Name of the entry.

    Raises
    ------
    ConfigError
    """
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
    _check_lengths(keys, cutouts)
    input_depth = cutouts["depth"] + 2 * cutouts["margin_depth"]
    if cutouts["margin_depth"] and input_depth > min(cells):
        raise ConfigError(
            (*keys, "margin_depth"),
            f"{cutouts['depth']} + 2 · {cutouts['margin_depth']} cells do not fit into a box of "
            f"{min(cells)} cells",
        )
    source = section["sources"][grid["source"]]
    for key in ("wrap", "margin_depth"):
        if cutouts[key] and not is_periodic(source):
            raise ConfigError(
                (*keys, key), f"the box of the source {grid['source']!r} is not periodic"
            )
    along = source.get("simulation", {}).get("redshift_space_axis")
    if along is not None and not cutouts["cubes"] and cutouts["axes"] != [along]:
        raise ConfigError(
            (*keys, "axes"),
            f"galaxies of the source {grid['source']!r} are in redshift space along axis {along}; "
            f"give [{along}]",
        )
    sub_boxes(section, cutouts).groups(keys)


def sub_boxes(section: Mapping, cutouts: Mapping) -> SubBoxes:
    """Return the sub-boxes of an entry of `cutouts`."""
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
        periodic=is_periodic(source),
    )


def _check_lengths(keys: Keys, cutouts: Mapping) -> None:
    """Refuse lengths in cells that do not divide by the parts that they are cut into."""
    divisions = [("side", "factor", cutouts["factor"])]
    if cutouts["cubes"]:
        for key, default in (("margin_depth", 0), ("input_factor", 1)):
            if cutouts[key] != default:
                raise ConfigError((*keys, key), "serves maps; remove it, or set cubes: false")
    else:
        thickness = max(cutouts["depth"] // cutouts["layers"], 1)
        divisions += [
            ("depth", "layers", cutouts["layers"]),
            ("margin_depth", "the thickness of a layer", thickness),
            ("factor", "input_factor", cutouts["input_factor"]),
        ]
    for key, name, part in divisions:
        if cutouts[key] % part:
            raise ConfigError((*keys, key), f"{cutouts[key]} is not a multiple of {name}, {part}")
