"""Random tracers with planted voids."""

import numpy as np


def wrapped(offset, box_size):
    """Return offsets to the nearest images in a periodic box."""
    return offset - box_size * np.round(offset / box_size)


def scatter_spheres(rng, radii, side, separation):
    """Return random centres of spheres separated by a factor of the sum of their radii."""
    centres = []
    for n, radius in enumerate(radii):
        while True:
            centre = rng.uniform(0, side, 3)
            gaps = [
                np.linalg.norm(wrapped(centre - other, side)) - separation * (radius + radii[m])
                for m, other in enumerate(centres)
            ]
            if min(gaps, default=1) > 0:
                centres.append(centre)
                break
        assert len(centres) == n + 1
    return np.array(centres)


def remove_spheres(tracers, centres, radii, side):
    """Return the tracers of a periodic box that lie outside all spheres."""
    outside = np.ones(len(tracers), dtype=bool)
    for centre, radius in zip(centres, radii):
        outside &= (wrapped(tracers - centre, side) ** 2).sum(axis=1) > radius**2
    return tracers[outside]
