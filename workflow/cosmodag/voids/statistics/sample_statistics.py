"""Statistics of one sample of voids over all boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cosmodag.voids.finders.void_catalogue import sphere_volume
from cosmodag.voids.statistics.box_averages import BoxAverage, average_over_boxes
from cosmodag.voids.statistics.box_measurements import SHELL_EDGES
from cosmodag.voids.statistics.excursion_set import size_function
from cosmodag.voids.statistics.measured_boxes import MeasuredBox
from cosmodag.voids.statistics.samples import Sample
from cosmodag.voids.statistics.universal_profile import fit_profile

SIMPSON = np.array([1, 4, 1]) / 6
"""Weights of the theory at the lower edge, the middle and the upper edge of a bin in ln R."""
PROFILES = ("matter", "galaxies")
"""Stacked profiles that the universal profile is fitted to."""

Value = dict[str, float | None]
"""`value` and its standard `error`; None where they are not defined."""


@dataclass(frozen=True)
class SampleStatistics:
    """Statistics of a sample.

    Attributes
    ----------
    sample : Sample
        The sample.
    sizes, profiles : pandas.DataFrame
        Size function, one row per bin, and profiles, one row per shell, see `docs/outputs.md`.
    numbers : dict
        Numbers of the sample, for JSON.
    """

    sample: Sample
    sizes: pd.DataFrame
    profiles: pd.DataFrame
    numbers: dict[str, Any]


def sample_statistics(
    sample: Sample, boxes: Sequence[MeasuredBox], *, bin_width: float, minimum_voids: int
) -> SampleStatistics:
    """Return the statistics of a sample.

    Parameters
    ----------
    sample : Sample
        The sample.
    boxes : sequence of MeasuredBox
        All boxes, which are independent of each other.
    bin_width : float
        Width of the bins of the size function in ln R.
    minimum_voids : int
        Fewest voids in a bin that enters the mean ratio to the theory.
    """
    sizes, ratio = _sizes(sample, boxes, bin_width, minimum_voids)
    profiles, fits = _profiles(sample, boxes)
    radius = np.concatenate([box.voids[sample.name].radius for box in boxes])
    numbers: dict[str, Any] = {
        "title": sample.title,
        "settings": dict(sample.settings),
        "n_voids": len(radius),
        "median_radius": float(np.median(radius)) if len(radius) else None,
        "volume_fraction": _value(
            average_over_boxes(
                [[sphere_volume(box.voids[sample.name].radius).sum()] for box in boxes],
                [[box.volume] for box in boxes],
            )
        ),
        "sizes": [
            {key: None if value != value else value for key, value in row.items()}
            for row in sizes.drop(columns="sample").to_dict("records")
        ],
        "theory": ratio and {"ratio": ratio, "n_bins": int(sizes["in_mean"].sum())},
        "fits": fits,
        "ellipticity": _ellipticity(sample, boxes),
    }
    return SampleStatistics(sample, sizes, profiles, numbers)


def void_table(samples: Sequence[Sample], boxes: Sequence[MeasuredBox]) -> pd.DataFrame:
    """Return one row per void: its sample and box, place and radius, galaxies and ellipticity."""
    tables = []
    for sample in samples:
        for box in boxes:
            voids = box.voids[sample.name]
            places = dict(zip(("x_mpc_h", "y_mpc_h", "z_mpc_h"), voids.position.T))
            columns = {
                "sample": sample.name,
                "box": box.name,
                **places,
                "radius_mpc_h": voids.radius,
                "n_galaxies": voids.n_galaxies,
                "ellipticity": voids.ellipticity,
                "chance_ellipticity": voids.chance_ellipticity,
            }
            tables.append(pd.DataFrame(columns, index=np.arange(len(voids))))
    return pd.concat(tables, ignore_index=True)


def radius_edges(smallest: float, largest: float, bin_width: float) -> np.ndarray:
    """Return the edges of bins of equal width in ln R, from the smallest radius on.

    Parameters
    ----------
    smallest, largest : float
        Radii in Mpc/h that the bins contain.
    bin_width : float
        Width in ln R.

    Returns
    -------
    numpy.ndarray, shape (B + 1,), float64
        Edges in Mpc/h.
    """
    n_bins = 1 + int(np.log(largest / smallest) / bin_width)
    return smallest * np.exp(bin_width * np.arange(n_bins + 1))


def _sizes(
    sample: Sample, boxes: Sequence[MeasuredBox], bin_width: float, minimum_voids: int
) -> tuple[pd.DataFrame, Value | None]:
    """Return the size function, and the mean ratio to the theory of the bins with enough voids."""
    radii = [box.voids[sample.name].radius for box in boxes]
    every = np.concatenate(radii)
    edges: np.ndarray = np.array([])
    if len(every):
        smallest = min(sample.settings.get("minimum_radius", np.inf), every.min())
        edges = radius_edges(smallest, every.max(), bin_width)
    counts: np.ndarray = np.zeros((len(boxes), max(len(edges) - 1, 0)))
    for row, each in zip(counts, radii):
        row += np.histogram(each, edges)[0] if len(edges) else 0
    volumes = np.array([[box.volume] for box in boxes])
    measured = average_over_boxes(counts, volumes * bin_width * np.ones(max(len(edges) - 1, 0)))
    table = pd.DataFrame(
        {
            "sample": sample.name,
            "lower_mpc_h": edges[:-1],
            "upper_mpc_h": edges[1:],
            "n_voids": counts.sum(axis=0).astype(np.int64),
            "dn_dlnr_h3_mpc3": measured.value,
            "error_h3_mpc3": measured.error,
        }
    )
    mean = None
    if sample.matter_threshold is not None and len(edges) and all(box.spectrum for box in boxes):
        expected = (
            volumes
            * bin_width
            * np.array([_theory(edges, sample.matter_threshold, box) for box in boxes])
        )
        ratio = average_over_boxes(counts, expected)
        table["theory_h3_mpc3"] = expected.sum(axis=0) / (volumes.sum() * bin_width)
        table["ratio"], table["ratio_error"] = ratio.value, ratio.error
        table["in_mean"] = table["n_voids"] >= minimum_voids
        mean = _numbers(*ratio.mean(table["in_mean"].to_numpy()))
    return table, mean


def _theory(edges: np.ndarray, threshold: float, box: MeasuredBox) -> np.ndarray:
    """Return the mean of the theoretical size function of a box in each bin, (Mpc/h)⁻³."""
    assert box.spectrum is not None
    lower, upper = edges[:-1], edges[1:]
    radius = np.stack([lower, np.sqrt(lower * upper), upper], axis=1)
    return size_function(radius, threshold, box.spectrum) @ SIMPSON


def _profiles(
    sample: Sample, boxes: Sequence[MeasuredBox]
) -> tuple[pd.DataFrame, dict[str, dict[str, float] | None]]:
    """Return the stacked profiles, and the universal profiles that fit them."""
    voids = [box.voids[sample.name] for box in boxes]
    middles = (SHELL_EDGES[:-1] + SHELL_EDGES[1:]) / 2
    table = pd.DataFrame(
        {"sample": sample.name, "lower_r": SHELL_EDGES[:-1], "upper_r": SHELL_EDGES[1:]}
    )
    fits: dict[str, dict[str, float] | None] = {}
    for name in sorted(voids[0].shells):
        numerators, denominators = zip(*(each.shells[name] for each in voids))
        average = average_over_boxes(numerators, denominators)
        table[name], table[f"{name}_error"] = average.value, average.error
        if name in PROFILES:
            table[f"{name}_n_voids"] = np.sum(denominators, axis=0).astype(np.int64)
            fit = fit_profile(middles, average.value)
            table[f"{name}_fit"] = np.nan if fit is None else fit.overdensity(middles)
            residual = (table[name] - table[f"{name}_fit"]).to_numpy()
            rms = {"rms_residual": float(np.sqrt(np.nanmean(residual**2)))} if fit else {}
            fits[name] = vars(fit) | rms if fit else None
    return table, fits


def _ellipticity(sample: Sample, boxes: Sequence[MeasuredBox]) -> dict[str, Any]:
    """Return the mean ellipticity, that of chance, and the number of voids in the mean."""
    voids = [box.voids[sample.name] for box in boxes]
    known = [np.isfinite(each.ellipticity) for each in voids]
    count = [[each.sum()] for each in known]
    means = {
        key: average_over_boxes(
            [[getattr(each, name)[rows].sum()] for each, rows in zip(voids, known)], count
        )
        for key, name in (("measured", "ellipticity"), ("chance", "chance_ellipticity"))
    }
    return {key: _value(mean) for key, mean in means.items()} | {"n_voids": int(np.sum(count))}


def _value(average: BoxAverage) -> Value:
    """Return an average of one value for JSON."""
    return _numbers(average.value.item(), average.error.item())


def _numbers(value: float, error: float) -> Value:
    """Return a value and its error for JSON, which has no NaN."""
    return {
        key: float(each) if np.isfinite(each) else None
        for key, each in (("value", value), ("error", error))
    }
