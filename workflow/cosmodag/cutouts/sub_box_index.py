"""Index columns with the position of each sub-box and the box that it is cut out of."""

import numpy as np

from cosmodag.cutouts.sub_box_lattice import AXIS_NAMES, Boxes, SubBoxLattice


def index_columns(boxes: Boxes, box: int, lattice: SubBoxLattice) -> dict[str, np.ndarray]:
    """Return the index columns of the sub-boxes of one box with one line of sight.

    Parameters
    ----------
    boxes : Boxes
        The boxes that sub-boxes are cut out of.
    box : int
        Index of the box in its file.
    lattice : SubBoxLattice
        The sub-boxes; where their geometry names regions, each region is a group.

    Returns
    -------
    dict from str to numpy.ndarray, shape (N,)
        `id`, `group`, `box`, `axis`, `lower_*` and `upper_*` (Mpc/h; `upper` may exceed the size of
        a periodic box), `box_size_*` (Mpc/h), `periodic` and, where known, `omega_m` and `sigma8`.
    """
    corners = lattice.corners()
    name, group = boxes.boxes[box], boxes.groups[box]
    places = ["-".join(f"{edge:04d}" for edge in corner) for corner in corners]
    groups = [group] * len(corners)
    if lattice.geometry.regions is not None:
        groups = [f"{group}/region-{'-'.join(map(str, region))}" for region in lattice.regions]
    columns = {
        "id": [f"{name}/{AXIS_NAMES[lattice.axis]}/{place}" for place in places],
        "group": groups,
        "box": [name] * len(corners),
        "axis": np.full(len(corners), lattice.axis),
    }
    lower = corners * boxes.cell_size
    upper = (corners + lattice.geometry.lengths(lattice.axis)) * boxes.cell_size
    for axis, letter in enumerate(AXIS_NAMES):
        columns[f"lower_{letter}"] = lower[:, axis]
        columns[f"upper_{letter}"] = upper[:, axis]
        columns[f"box_size_{letter}"] = np.full(len(corners), boxes.box_size[axis])
    columns["periodic"] = np.full(len(corners), boxes.periodic)
    for parameter, value in boxes.cosmology(box).items():
        columns[parameter] = np.full(len(corners), value)
    return {key: np.asarray(values) for key, values in columns.items()}
