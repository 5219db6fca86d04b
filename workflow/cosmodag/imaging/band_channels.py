"""Names of the channels of an image: r_image as observed, r_light without noise."""

from collections.abc import Sequence

IMAGE = "_image"
"""Ending of the channels of bands as observed."""
NOISE_FREE = "_light"
"""Ending of the channels of bands without noise."""


def band_channels(bands: Sequence[str], ending: str) -> list[str]:
    """Return the names of the channels of some bands.

    Parameters
    ----------
    bands : sequence of str
        Names of the bands.
    ending : str
        `IMAGE` or `NOISE_FREE`.

    Returns
    -------
    list of str

    Examples
    --------
    >>> band_channels("grz", IMAGE)
    ['g_image', 'r_image', 'z_image']
    """
    return [f"{band}{ending}" for band in bands]


def band_indices(channels: Sequence[str]) -> list[int]:
    """Return the indices of the channels of bands as observed.

    Parameters
    ----------
    channels : sequence of str
        Names of all channels.

    Returns
    -------
    list of int

    Examples
    --------
    >>> band_indices(["g_image", "r_image", "psf"])
    [0, 1]
    """
    return [index for index, name in enumerate(channels) if name.endswith(IMAGE)]


def band_names(channels: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the bands that are among the channels as observed.

    Parameters
    ----------
    channels : sequence of str
        Names of all channels.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> band_names(["g_image", "r_image", "psf"])
    ('g', 'r')
    """
    return tuple(channels[index].removesuffix(IMAGE) for index in band_indices(channels))


def noise_free_channel(channel: str) -> str:
    """Return the name of the channel of a band without noise.

    Parameters
    ----------
    channel : str
        Name of the channel of the band as observed.

    Returns
    -------
    str

    Examples
    --------
    >>> noise_free_channel("r_image")
    'r_light'
    """
    return channel.removesuffix(IMAGE) + NOISE_FREE
