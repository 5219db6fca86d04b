"""Tidal tensor of a density field: how many axes collapse at each place.

The tensor is the Hessian of the potential φ with ∇²φ = δ (units absorbed), so its eigenvalues sum
to the smoothed overdensity. A place where none exceeds a small threshold belongs to a void, one
with one, two, three to a sheet, a filament, a knot (Hahn et al. 2007, MNRAS 375, 489; threshold
after Forero-Romero et al. 2009, MNRAS 396, 1815). On a projected map the tensor is 2 × 2.
"""

import numpy as np
from scipy import fft


def tidal_classes(
    overdensity: np.ndarray,
    box_size: tuple[float, ...],
    smoothing: float,
    *,
    threshold: float = 0.0,
    periodic: bool = True,
) -> np.ndarray:
    """Return the number of collapsing axes, uint8 with the field's shape; 0 marks voids.

    Parameters
    ----------
    overdensity : float array with 2 or 3 dimensions
        δ on a regular grid.
    box_size : tuple of float
        Side lengths in Mpc/h.
    smoothing : float
        Standard deviation of the Gaussian smoothing in Mpc/h.
    threshold : float
        An axis collapses where its eigenvalue exceeds this.
    periodic : bool
        Whether opposite faces touch; otherwise the field is mirrored at its faces.
    """
    cell = tuple(side / cells for side, cells in zip(box_size, overdensity.shape))
    eigenvalues = tidal_eigenvalues(overdensity, cell, smoothing, periodic=periodic)
    return (eigenvalues > threshold).sum(-1).astype(np.uint8)


def tidal_eigenvalues(
    overdensity: np.ndarray, cell: tuple[float, ...], smoothing: float, *, periodic: bool
) -> np.ndarray:
    """Return the ascending eigenvalues of the tidal tensor, float32, (*field, dimensions).

    Parameters as for `tidal_classes`; `cell` are the sides of a cell in the unit of `smoothing`.
    """
    shape = overdensity.shape
    field = np.asarray(overdensity, dtype=np.float32)
    if not periodic:
        field = np.pad(field, [(0, n) for n in shape], mode="symmetric")
    sides = list(zip(field.shape, cell))
    waves = [2 * np.pi * fft.fftfreq(n, d) for n, d in sides[:-1]]
    waves.append(2 * np.pi * fft.rfftfreq(*sides[-1]))
    k = np.meshgrid(*(wave.astype(np.float32) for wave in waves), indexing="ij", sparse=True)
    square = sum(each**2 for each in k)
    smooth = fft.rfftn(field) * np.exp(-0.5 * smoothing**2 * square)
    square[(0,) * len(shape)] = 1
    potential = smooth / square
    crop = tuple(slice(n) for n in shape)
    tensor = {
        (i, j): fft.irfftn(potential * k[i] * k[j], s=field.shape)[crop]
        for i in range(len(shape))
        for j in range(i, len(shape))
    }
    return symmetric_eigenvalues(tensor)


def symmetric_eigenvalues(tensor: dict[tuple[int, int], np.ndarray]) -> np.ndarray:
    """Return the ascending eigenvalues of symmetric 2 × 2 or 3 × 3 matrices, in closed form.

    `tensor` maps (row, column), row ≤ column, to arrays of one shape; the result has that shape
    and the eigenvalues along a new last axis. The cubic is solved by its trigonometric form (Smith
    1961, Communications of the ACM 4, 168), some ten times faster than a general solver.
    """
    if len(tensor) == 3:
        half = (tensor[0, 0] + tensor[1, 1]) / 2
        root = np.hypot((tensor[0, 0] - tensor[1, 1]) / 2, tensor[0, 1])
        return np.stack([half - root, half + root], axis=-1).astype(np.float32)
    mean = (tensor[0, 0] + tensor[1, 1] + tensor[2, 2]) / 3
    parts = [tensor[i, i] - mean for i in range(3)] + [tensor[0, 1], tensor[0, 2], tensor[1, 2]]
    p = np.sqrt((sum(x**2 for x in parts[:3]) + 2 * sum(x**2 for x in parts[3:])) / 6)
    # Divided by p first: its cube underflows where the tensor is nearly isotropic.
    scale = np.divide(1, p, out=np.zeros_like(p), where=p > np.finfo(p.dtype).tiny)
    a, b, c, d, e, f = (part * scale for part in parts)
    ratio = (a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e)) / 2
    angle = np.arccos(np.clip(ratio, -1, 1)) / 3
    highest = mean + 2 * p * np.cos(angle)
    lowest = mean + 2 * p * np.cos(angle + 2 * np.pi / 3)
    return np.stack([lowest, 3 * mean - lowest - highest, highest], axis=-1).astype(np.float32)
