"""Tracers with voids planted among them."""

import numpy as np


def wrapped(offset, box_size):
    """Offsets to the nearest image in a periodic box."""
    return offset - box_size * np.round(offset / box_size)


def scatter_spheres(rng, radii, side, apart):
    """Centres of spheres that stand apart by a factor of the sum of their radii."""
    centres = []
    for n, radius in enumerate(radii):
        while True:
            centre = rng.uniform(0, side, 3)
            gaps = [
                np.linalg.norm(wrapped(centre - other, side)) - apart * (radius + radii[m])
                for m, other in enumerate(centres)
            ]
            if min(gaps, default=1) > 0:
                centres.append(centre)
                break
        assert len(centres) == n + 1
    return np.array(centres)


def remove_spheres(tracers, centres, radii, side):
    """The tracers of a periodic box that lie outside all spheres."""
    kept = np.ones(len(tracers), dtype=bool)
    for centre, radius in zip(centres, radii):
        kept &= (wrapped(tracers - centre, side) ** 2).sum(axis=1) > radius**2
    return tracers[kept]
