"""Index columns that say where a sub-box stands and what it belongs to."""

import numpy as np

from cosmodag.cutouts.sub_box_plan import AXIS_NAMES, Boxes, Lattice


def index_columns(
    files: Boxes, box: int, lattice: Lattice, side: int, depth: int, *, named_regions: bool
) -> dict[str, np.ndarray]:
    """Columns of the index for the sub-boxes of one box with one line of sight.

    Parameters
    ----------
    files : Boxes
    box : int
        Number of the box in the grid file.
    lattice : Lattice
    side, depth : int
        Lengths of a sub-box in cells, across and along the line of sight.
    named_regions : bool
        Whether each region of the box is a group of its own.

    Returns
    -------
    dict of str to numpy.ndarray
        `id`, `group`, `box`, `axis`, `lower_*` and `upper_*` (Mpc/h; `upper` may exceed a periodic
        box), `box_size_*`, `periodic` and, where known, `omega_m` and `sigma8`.
    """
    corners = lattice.corners()
    name, group = files.boxes[box], files.groups[box]
    places = ["-".join(f"{edge:04d}" for edge in corner) for corner in corners]
    held = ["-".join(str(part) for part in region) for region in lattice.regions]
    columns = {
        "id": [f"{name}/{AXIS_NAMES[lattice.axis]}/{place}" for place in places],
        "group": [f"{group}/region-{region}" if named_regions else group for region in held],
        "box": [name] * len(corners),
        "axis": np.full(len(corners), lattice.axis),
    }
    lower = corners * files.cell_size
    upper = (corners + lattice.lengths(side, depth)) * files.cell_size
    for along, letter in enumerate(AXIS_NAMES):
        columns[f"lower_{letter}"] = lower[:, along]
        columns[f"upper_{letter}"] = upper[:, along]
        columns[f"box_size_{letter}"] = np.full(len(corners), files.box_size[along])
    columns["periodic"] = np.full(len(corners), files.periodic)
    for parameter, value in files.cosmology(box).items():
        columns[parameter] = np.full(len(corners), value)
    return {key: np.asarray(values) for key, values in columns.items()}
