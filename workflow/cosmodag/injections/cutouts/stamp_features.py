"""Photometric features of stamps, as a catalogue would list them: input of the baselines."""

from collections.abc import Sequence

import numba
import numpy as np

CORE_RADIUS = 6.0
"""Radius in pixels of the aperture for the flux of the object."""
NEIGHBOUR_RADIUS = 10.0
"""Radius in pixels beyond which flux is attributed to neighbours."""
DIGIT_BITS = 11
"""Bits per digit of a 32-bit number in the radix selection of the median."""
DIGIT_MASK = (1 << DIGIT_BITS) - 1


def stamp_features(planes: np.ndarray, bands: Sequence[str]) -> dict[str, np.ndarray]:
    """Measure the features of stamps.

    Parameters
    ----------
    planes : numpy.ndarray, shape (2B, N, S, S), float32
        C-contiguous stamps: image (nanomaggies) and inverse variance (nanomaggies^-2) of each band.
        Objects are centred on pixel S // 2.
    bands : sequence of str
        Names of the B bands.

    Returns
    -------
    dict of numpy.ndarray, shape (N,), float32
        - ``ivar_median_<band>``: median inverse variance of good pixels (for an even count the
          greater of the two central values);
        - ``core_flux_<band>``: flux within `CORE_RADIUS` of the centre;
        - ``neighbour_flux_<band>``: flux beyond `NEIGHBOUR_RADIUS`;
        - ``centroid_x``, ``centroid_y``: offset of the centroid from the centre in pixels, within
          `CORE_RADIUS` and with bands weighted by inverse variance;
        - ``bad_fraction``: fraction of bad pixels.
    """
    n_stamps, n_bands = planes.shape[1], len(bands)
    columns = [
        f"{name}_{band}"
        for name in ("ivar_median", "core_flux", "neighbour_flux")
        for band in bands
    ]
    columns += ["centroid_x", "centroid_y", "bad_fraction"]
    features = np.zeros((n_stamps, 3 * n_bands + 3), np.float32)
    if n_stamps:
        _measure(planes, features)
    return dict(zip(columns, features.T))


@numba.njit(cache=True, nogil=True)
def _measure(planes, features):
    """Measure the features of all stamps into `features`, (N, 3 B + 3)."""
    channels, n_stamps, side, _ = planes.shape
    n_bands = channels // 2
    bits = planes.view(np.int32).reshape(channels, n_stamps, side * side)
    good = np.empty(side * side, np.int32)
    histogram = np.empty(1 << DIGIT_BITS, np.int32)
    for k in range(n_stamps):
        n_bad = 0
        for b in range(n_bands):
            n_good = 0
            for weight in bits[2 * b + 1, k]:
                good[n_good] = weight
                n_good += weight > 0
            n_bad += side * side - n_good
            features[k, b] = _median(good[:n_good], histogram)
            core, ring = _aperture_fluxes(planes[2 * b, k], planes[2 * b + 1, k])
            features[k, n_bands + b], features[k, 2 * n_bands + b] = core, ring
        x, y = _centroid(planes[:, k], features[k, :n_bands])
        features[k, 3 * n_bands], features[k, 3 * n_bands + 1] = x, y
        features[k, 3 * n_bands + 2] = n_bad / (n_bands * side * side)


@numba.njit(cache=True, nogil=True)
def _median(bits, histogram):
    """Return the median of positive floats from their bits; 0 if there are none.

    Bits of positive floats sort like the floats, so radix selection finds the median digit by
    digit: the first digit among all values, the next among those that share the first.
    """
    n_left, position = len(bits), len(bits) // 2
    if not n_left:
        return np.float32(0)
    for shift in (2 * DIGIT_BITS, DIGIT_BITS, 0):
        histogram[:] = 0
        for n in range(n_left):
            histogram[(bits[n] >> shift) & DIGIT_MASK] += 1
        digit = 0
        while position >= histogram[digit]:
            position -= histogram[digit]
            digit += 1
        n_shared = 0
        for n in range(n_left):
            value = bits[n]
            bits[n_shared] = value
            n_shared += ((value >> shift) & DIGIT_MASK) == digit
        n_left = n_shared
    return bits[:1].view(np.float32)[0]


@numba.njit(cache=True, nogil=True)
def _aperture_fluxes(image, ivar):
    """Return the flux within the core and the flux of neighbours in one band."""
    side = len(image)
    middle = side // 2
    core, ring = 0.0, 0.0
    for i in range(side):
        for j in range(side):
            if ivar[i, j] > 0:
                distance = (i - middle) ** 2 + (j - middle) ** 2
                if distance <= CORE_RADIUS**2:
                    core += image[i, j]
                elif distance > NEIGHBOUR_RADIUS**2:
                    ring += image[i, j]
    return core, ring


@numba.njit(cache=True, nogil=True)
def _centroid(planes, weight):
    """Return the centroid offset in x and y within the core; zeros if the flux is not positive."""
    channels, side, _ = planes.shape
    middle = side // 2
    total, x, y = 0.0, 0.0, 0.0
    reach = int(CORE_RADIUS)
    for i in range(max(middle - reach, 0), min(middle + reach + 1, side)):
        for j in range(max(middle - reach, 0), min(middle + reach + 1, side)):
            if (i - middle) ** 2 + (j - middle) ** 2 > CORE_RADIUS**2:
                continue
            flux = 0.0
            for b in range(channels // 2):
                if planes[2 * b + 1, i, j] > 0:
                    flux += planes[2 * b, i, j] * weight[b]
            total += flux
            x += flux * (j - middle)
            y += flux * (i - middle)
    if total <= 0:
        return 0.0, 0.0
    x = min(max(x / total, -CORE_RADIUS), CORE_RADIUS)
    return x, min(max(y / total, -CORE_RADIUS), CORE_RADIUS)
