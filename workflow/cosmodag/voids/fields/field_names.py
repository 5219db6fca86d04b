"""Names of the fields of whole boxes."""

from collections.abc import Sequence

CELL_TOLERANCE = 0.01
"""Largest relative difference between the cells of pilot boxes and of others."""


def field_names(
    smoothing: Sequence[float],
    thresholds: Sequence[float],
    matter_radii: Sequence[float] = (),
    matter_thresholds: Sequence[float] = (),
) -> list[str]:
    """Return the names of fields, see `cosmodag.voids.fields.box_fields.BoxFields`.

    Examples
    --------
    >>> field_names([2], [-0.8], [4], [-0.6])
    ['smoothed_2', 'voids_-0.8', 'matter_mean_4', 'matter_lowest_4', 'matter_voids_-0.6']
    """
    return [
        *(f"smoothed_{scale:g}" for scale in smoothing),
        *(f"voids_{threshold:g}" for threshold in thresholds),
        *(f"matter_{kind}_{radius:g}" for radius in matter_radii for kind in ("mean", "lowest")),
        *(f"matter_voids_{threshold:g}" for threshold in matter_thresholds),
    ]
