"""Positions on the sky as unit vectors, between which distances are those of a tree of points."""

import numpy as np


def directions(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Unit vectors (N, 3) of positions on the sky in degrees."""
    ra, dec = np.radians(ra.astype(np.float64)), np.radians(dec.astype(np.float64))
    return np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])


def chord(angle: float) -> float:
    """Distance of unit vectors that are an angle in arcsec apart."""
    return 2 * np.sin(np.radians(angle / 3600) / 2)
