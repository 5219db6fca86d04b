"""Channels that hold the bands of an image, by their names: r_image, without noise r_light."""

from collections.abc import Sequence

IMAGE, LIGHT = "_image", "_light"
"""Endings of channels that hold a band as it was observed, and without noise."""


def band_channels(bands: Sequence[str], ending: str) -> list[str]:
    """Return the names of the channels that hold bands, such as g_image."""
    return [f"{band}{ending}" for band in bands]


def band_places(channels: Sequence[str]) -> list[int]:
    """Return the numbers of the channels that hold bands as they were observed."""
    return [number for number, name in enumerate(channels) if name.endswith(IMAGE)]


def bands_of(channels: Sequence[str]) -> tuple[str, ...]:
    """Return the bands that channels hold as they were observed."""
    return tuple(channels[number].removesuffix(IMAGE) for number in band_places(channels))


def light_of(channel: str) -> str:
    """Return the name of the channel that holds without noise what `channel` holds."""
    return channel.removesuffix(IMAGE) + LIGHT
