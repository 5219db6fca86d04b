"""Numbers measured on stamps, as a catalogue would hold them: what simple methods judge by."""

from collections.abc import Sequence

import numba
import numpy as np

CORE = 6.0
"""Pixels within which the light is taken for the object's own."""
RING = 10.0
"""Pixels beyond which it is taken for its neighbours'."""


def stamp_features(stamps: np.ndarray, bands: Sequence[str]) -> dict[str, np.ndarray]:
    """Measure every stamp.

    Parameters
    ----------
    stamps : numpy.ndarray, shape (N, S, S, 2B), float32
        Image (nanomaggies) and inverse variance of each band in turn; the object at S // 2.
    bands : sequence of str, length B

    Returns
    -------
    dict of numpy.ndarray, shape (N,), float32
        ``ivar_median_<band>`` of good pixels; ``core_flux_<band>`` and ``neighbour_flux_<band>``,
        the light within `CORE` and beyond `RING` pixels of the centre; ``centroid_x`` and
        ``centroid_y``, offset from the centre in pixels of the light of all bands within `CORE`,
        each band weighted by its inverse variance; ``bad_fraction`` of pixels.
    """
    count, n = len(stamps), len(bands)
    columns = [
        f"{name}_{band}"
        for name in ("ivar_median", "core_flux", "neighbour_flux")
        for band in bands
    ]
    columns += ["centroid_x", "centroid_y", "bad_fraction"]
    found = np.zeros((count, 3 * n + 3), np.float32)
    if count:
        _measure(np.ascontiguousarray(stamps), found)
    return dict(zip(columns, found.T))


@numba.njit(cache=True, nogil=True)
def _measure(stamps, found):
    count, side, _, channels = stamps.shape
    bands = channels // 2
    good = np.empty(side * side, np.float32)
    for k in range(count):
        stamp = stamps[k]
        bad = 0
        for b in range(bands):
            number = 0
            for i in range(side):
                for j in range(side):
                    weight = stamp[i, j, 2 * b + 1]
                    if weight > 0:
                        good[number] = weight
                        number += 1
            bad += side * side - number
            found[k, b] = np.median(good[:number]) if number else 0
            core, ring = _light(stamp, b)
            found[k, bands + b], found[k, 2 * bands + b] = core, ring
        x, y = _centroid(stamp, found[k, :bands])
        found[k, 3 * bands], found[k, 3 * bands + 1] = x, y
        found[k, 3 * bands + 2] = bad / (bands * side * side)


@numba.njit(cache=True, nogil=True)
def _light(stamp, band):
    """Light within the core and beyond the ring in one band."""
    side = stamp.shape[0]
    middle = side // 2
    core, ring = 0.0, 0.0
    for i in range(side):
        for j in range(side):
            if stamp[i, j, 2 * band + 1] > 0:
                distance = (i - middle) ** 2 + (j - middle) ** 2
                if distance <= CORE**2:
                    core += stamp[i, j, 2 * band]
                elif distance > RING**2:
                    ring += stamp[i, j, 2 * band]
    return core, ring


@numba.njit(cache=True, nogil=True)
def _centroid(stamp, weight):
    """Offset of the light of all bands within the core, in x and y; zeros where it is dark."""
    side, _, channels = stamp.shape
    middle = side // 2
    total, x, y = 0.0, 0.0, 0.0
    reach = int(CORE)
    for i in range(max(middle - reach, 0), min(middle + reach + 1, side)):
        for j in range(max(middle - reach, 0), min(middle + reach + 1, side)):
            if (i - middle) ** 2 + (j - middle) ** 2 > CORE**2:
                continue
            light = 0.0
            for b in range(channels // 2):
                if stamp[i, j, 2 * b + 1] > 0:
                    light += stamp[i, j, 2 * b] * weight[b]
            total += light
            x += light * (j - middle)
            y += light * (i - middle)
    if total <= 0:
        return 0.0, 0.0
    return min(max(x / total, -CORE), CORE), min(max(y / total, -CORE), CORE)
