"""Numbers measured on stamps, as a catalogue would hold them: what simple methods judge by."""

from collections.abc import Sequence

import numba
import numpy as np

CORE = 6.0
"""Pixels within which the light is taken for the object's own."""
RING = 10.0
"""Pixels beyond which it is taken for its neighbours'."""
DIGIT = 11
"""Bits of a digit of a 32-bit number, of which a median is found digit by digit."""
MASK = (1 << DIGIT) - 1


def stamp_features(planes: np.ndarray, bands: Sequence[str]) -> dict[str, np.ndarray]:
    """Measure every stamp.

    Parameters
    ----------
    planes : C numpy.ndarray, shape (2B, N, S, S), float32
        Stamps of the image (nanomaggies) and the inverse variance of each band in turn; the object
        at S // 2.
    bands : sequence of str, length B

    Returns
    -------
    dict of numpy.ndarray, shape (N,), float32
        ``ivar_median_<band>`` of good pixels (the greater of two in the middle);
        ``core_flux_<band>`` and ``neighbour_flux_<band>``, the light within `CORE` and beyond
        `RING` pixels of the centre; ``centroid_x`` and ``centroid_y``, offset from the centre in
        pixels of the light of all bands within `CORE`, each band weighted by its inverse variance;
        ``bad_fraction`` of pixels.
    """
    count, n = planes.shape[1], len(bands)
    columns = [
        f"{name}_{band}"
        for name in ("ivar_median", "core_flux", "neighbour_flux")
        for band in bands
    ]
    columns += ["centroid_x", "centroid_y", "bad_fraction"]
    found = np.zeros((count, 3 * n + 3), np.float32)
    if count:
        _measure(planes, found)
    return dict(zip(columns, found.T))


@numba.njit(cache=True, nogil=True)
def _measure(planes, found):
    channels, count, side, _ = planes.shape
    bands = channels // 2
    bits = planes.view(np.int32).reshape(channels, count, side * side)
    good = np.empty(side * side, np.int32)
    number_of = np.empty(1 << DIGIT, np.int32)
    for k in range(count):
        bad = 0
        for b in range(bands):
            number = 0
            for weight in bits[2 * b + 1, k]:
                good[number] = weight
                number += weight > 0
            bad += side * side - number
            found[k, b] = _median(good[:number], number_of)
            core, ring = _light(planes[2 * b, k], planes[2 * b + 1, k])
            found[k, bands + b], found[k, 2 * bands + b] = core, ring
        x, y = _centroid(planes[:, k], found[k, :bands])
        found[k, 3 * bands], found[k, 3 * bands + 1] = x, y
        found[k, 3 * bands + 2] = bad / (bands * side * side)


@numba.njit(cache=True, nogil=True)
def _median(bits, number_of):
    """Median of positive floats, the greater of two middle ones, from their bits; 0 of none.

    Bits of positive floats are in the order of the floats, so the median's digits are found one
    after the other, the first among all values, the next among those that share the first.
    """
    left, place = len(bits), len(bits) // 2
    if not left:
        return np.float32(0)
    for shift in (2 * DIGIT, DIGIT, 0):
        number_of[:] = 0
        for n in range(left):
            number_of[(bits[n] >> shift) & MASK] += 1
        digit = 0
        while place >= number_of[digit]:
            place -= number_of[digit]
            digit += 1
        shared = 0
        for n in range(left):
            value = bits[n]
            bits[shared] = value
            shared += ((value >> shift) & MASK) == digit
        left = shared
    return bits[:1].view(np.float32)[0]


@numba.njit(cache=True, nogil=True)
def _light(image, ivar):
    """Light within the core and beyond the ring in one band."""
    side = len(image)
    middle = side // 2
    core, ring = 0.0, 0.0
    for i in range(side):
        for j in range(side):
            if ivar[i, j] > 0:
                distance = (i - middle) ** 2 + (j - middle) ** 2
                if distance <= CORE**2:
                    core += image[i, j]
                elif distance > RING**2:
                    ring += image[i, j]
    return core, ring


@numba.njit(cache=True, nogil=True)
def _centroid(planes, weight):
    """Offset of the light of all bands within the core, in x and y; zeros where it is dark."""
    channels, side, _ = planes.shape
    middle = side // 2
    total, x, y = 0.0, 0.0, 0.0
    reach = int(CORE)
    for i in range(max(middle - reach, 0), min(middle + reach + 1, side)):
        for j in range(max(middle - reach, 0), min(middle + reach + 1, side)):
            if (i - middle) ** 2 + (j - middle) ** 2 > CORE**2:
                continue
            light = 0.0
            for b in range(channels // 2):
                if planes[2 * b + 1, i, j] > 0:
                    light += planes[2 * b, i, j] * weight[b]
            total += light
            x += light * (j - middle)
            y += light * (i - middle)
    if total <= 0:
        return 0.0, 0.0
    return min(max(x / total, -CORE), CORE), min(max(y / total, -CORE), CORE)
