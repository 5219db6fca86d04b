"""Measurement of transfer functions: sums over all injections, and tables of bins from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.evaluation.bootstrap import Interval
from cosmodag.injections.transfer.bin_statistics import bin_table, completeness
from cosmodag.injections.transfer.bin_sums import BinSums
from cosmodag.injections.transfer.bins import choose_edges
from cosmodag.injections.transfer.completeness_fit import Fit, fit_completeness
from cosmodag.injections.transfer.injection_matches import DETECTED, MISSED, SPURIOUS
from cosmodag.injections.transfer.match_tables import MatchTables, Overview
from cosmodag.injections.transfer.variables import (
    MAGNITUDE,
    Quantity,
    Variable,
    edges_fault,
    quantities,
    variables,
)

WHOLE = np.array([-1.0, 1.0])
"""Edges of a bin that contains all injections, at 0."""


@dataclass(frozen=True, kw_only=True)
class TransferSettings:
    """Settings of a transfer function.

    Attributes
    ----------
    reference : str
        Band of depth, seeing and the magnitude of the model.
    magnitude_width : float
        Width of bins of magnitude.
    bins : int
        Bins of equal numbers of injections of other variables.
    edges : mapping from str to sequence of float
        Edges of the bins of variables that replace these.
    minimum : int
        Fewest injections in a bin whose statistics are stated.
    """

    reference: str = "r"
    magnitude_width: float = 0.25
    bins: int = 8
    edges: Mapping[str, Sequence[float]] = field(default_factory=dict)
    minimum: int = 30


@dataclass(frozen=True)
class TransferFunction:
    """A measured transfer function.

    Attributes
    ----------
    overview : Overview
        Numbers of injections and groups.
    variables : list of Variable
        Variables that have bins.
    quantities : list of Quantity
        Measured quantities.
    total : pandas.DataFrame
        One row for all injections, see `cosmodag.injections.transfer.bin_statistics.bin_table`.
    tables : dict from str to pandas.DataFrame
        Tables of bins by variable, with <variable>_lower, <variable>_upper before the statistics.
    plane : pandas.DataFrame or None
        Table of bins of magnitude and size together; None without sizes.
    purity : dict from str to pandas.DataFrame
        By band: <band>_lower and <band>_upper of the measured magnitude, n_new, n_matched, purity;
        empty without a catalogue of earlier sources.
    total_purity : dict
        Purity of all new detections.
    n_outside : dict from str to int
        Injections outside the bins of each variable, or for which it is unknown.
    offset : dict from str to float or None
        Median offset of detections in x and y in pixels.
    fit : Fit
        Model of completeness.
    """

    overview: Overview
    variables: list[Variable]
    quantities: list[Quantity]
    total: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    plane: pd.DataFrame | None
    purity: dict[str, pd.DataFrame]
    total_purity: Interval
    n_outside: dict[str, int]
    offset: dict[str, float | None]
    fit: Fit


def measure_transfer(matches: MatchTables, settings: TransferSettings) -> TransferFunction:
    """Measure completeness, purity, bias and scatter, and fit a model of completeness.

    The tables are read twice, part by part; memory does not depend on the number of injections.

    Parameters
    ----------
    matches : MatchTables
        Tables of matches.
    settings : TransferSettings
        Settings.

    Returns
    -------
    TransferFunction

    Raises
    ------
    InputError
        As `MatchTables.overview`, or if given edges cannot be used.
    """
    known = variables(matches.bands, settings.reference)
    if fault := edges_fault(settings.edges, [each.name for each in known]):
        raise InputError(f"edges.{fault[0]}: {fault[1]}")
    overview = matches.overview()
    sample = {each.name: each.values(overview.sample).to_numpy() for each in known}
    edges = choose_edges(
        sample,
        known,
        matches.bands,
        magnitude_width=settings.magnitude_width,
        n_bins=settings.bins,
        given=settings.edges,
    )
    others = set(matches.bands) - {settings.reference}
    fit = fit_completeness(
        sample,
        [each for each in known if each.name not in others],
        (overview.sample["status"] == DETECTED).to_numpy(),
        overview.groups.of(overview.sample),
        unit=overview.groups.unit,
    )
    sums = _Sums(matches, edges, overview, settings)
    for part in matches.parts():
        sums.add(part, fit)
    used = [each for each in known if each.name in edges]
    purity, total_purity = sums.purity_tables(edges, settings.minimum)
    plane = None
    if sums.plane is not None:
        plane = _with_edges(sums.plane, sums.plane_names, settings.minimum)
    offsets = overview.sample[["offset_x", "offset_y"]].median()
    return TransferFunction(
        overview=overview,
        variables=used,
        quantities=sums.quantities,
        total=bin_table(sums.total, 1),
        tables={
            each.name: _with_edges(sums.single[each.name], [each.name], settings.minimum)
            for each in used
        },
        plane=plane,
        purity=purity,
        total_purity=total_purity,
        n_outside={name: each.n_outside for name, each in sums.single.items()},
        offset={key[-1]: None if np.isnan(v) else float(v) for key, v in offsets.items()},
        fit=fit,
    )


class _Sums:
    """Sums of one transfer function over the parts of all tables."""

    def __init__(
        self,
        matches: MatchTables,
        edges: Mapping[str, np.ndarray],
        overview: Overview,
        settings: TransferSettings,
    ):
        n_groups = overview.groups.n_groups
        self.groups = overview.groups
        self.variables = variables(matches.bands, settings.reference)
        sizes = overview.sample["size"].notna().any()
        self.quantities = [q for q in quantities(matches.bands) if q.unit == MAGNITUDE or sizes]
        names = [each.name for each in self.quantities]
        self.total = BinSums([WHOLE], n_groups, names)
        self.single = {name: BinSums([own], n_groups, names) for name, own in edges.items()}
        self.plane_names = [settings.reference, "size"]
        self.plane: BinSums | None = None
        if all(name in edges for name in self.plane_names):
            self.plane = BinSums([edges[name] for name in self.plane_names], n_groups, names)
        self.new = {
            band: BinSums([edges[band]], n_groups) for band in matches.bands if band in edges
        }
        self.all_new = BinSums([WHOLE], n_groups)

    def add(self, part: pd.DataFrame, fit: Fit) -> None:
        """Add the rows of a part of a table."""
        new = part[part["checked"] & part["status"].isin([DETECTED, SPURIOUS])]
        group, matched = self.groups.of(new), (new["status"] == DETECTED).to_numpy()
        for band, sums in self.new.items():
            sums.add([new[f"measured_{band}"].to_numpy()], group, matched)
        self.all_new.add([np.zeros(len(new))], group, matched)

        part = part[part["status"].isin([DETECTED, MISSED])]
        values = {each.name: each.values(part).to_numpy(np.float64) for each in self.variables}
        group, detected = self.groups.of(part), (part["status"] == DETECTED).to_numpy()
        features = fit.model.features
        columns = [values[each.name] for each in features]
        matrix = np.column_stack(columns) if columns else np.empty((len(part), 0))
        added: dict[str, Any] = {
            "predicted": fit.model.predict(matrix),
            "errors": {
                each.name: (part[f"measured_{each.name}"] - part[each.name]).to_numpy(np.float64)
                for each in self.quantities
            },
        }
        self.total.add([np.zeros(len(part))], group, detected, **added)
        for name, sums in self.single.items():
            sums.add([values[name]], group, detected, **added)
        if self.plane is not None:
            self.plane.add([values[name] for name in self.plane_names], group, detected, **added)

    def purity_tables(
        self, edges: Mapping[str, np.ndarray], minimum: int
    ) -> tuple[dict[str, pd.DataFrame], Interval]:
        """Return the purity in bins of measured magnitude, and that of all new detections."""
        (whole,) = completeness(self.all_new, 1)
        if whole["value"] is None:
            return {}, whole
        renamed = {"n_injected": "n_new", "n_detected": "n_matched"}
        renamed |= {f"completeness{end}": f"purity{end}" for end in ("", "_low", "_high")}
        tables = {
            band: _with_edges(sums, [band], minimum)
            .drop(columns="predicted")
            .rename(columns=renamed)
            for band, sums in self.new.items()
        }
        return tables, whole


def _with_edges(sums: BinSums, names: Sequence[str], minimum: int) -> pd.DataFrame:
    """Return the table of bins with their edges as first columns."""
    columns = {}
    for axis, (name, edges) in enumerate(zip(names, sums.edges)):
        shape = [1] * len(names)
        shape[axis] = -1
        for ending, own in (("lower", edges[:-1]), ("upper", edges[1:])):
            columns[f"{name}_{ending}"] = np.broadcast_to(own.reshape(shape), sums.shape).ravel()
    return pd.concat([pd.DataFrame(columns), bin_table(sums, minimum)], axis=1)
