"""The files of a transfer function: tables as FITS and CSV, figures, the model, and a record."""

import math
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from astropy.io import fits
from astropy.table import Table

from cosmodag import provenance
from cosmodag.evaluation.drawing import figure_files
from cosmodag.files import whole_file, whole_folder
from cosmodag.imaging.fits_files import write_fits
from cosmodag.injections.outputs import TRANSFER
from cosmodag.injections.transfer.bin_statistics import magnitude_at
from cosmodag.injections.transfer.figures import FIGURES
from cosmodag.injections.transfer.injection_matches import (
    AMBIGUOUS,
    DETECTED,
    MISSED,
    SPURIOUS,
)
from cosmodag.injections.transfer.match_tables import MatchTables
from cosmodag.injections.transfer.measurement import (
    TransferFunction,
    TransferSettings,
    measure_transfer,
)
from cosmodag.injections.transfer.sentences import summarize
from cosmodag.injections.transfer.variables import ARCSEC, MAGNITUDE
from cosmodag.json_files import write_json

LISTED = ("id", "brick", "run", "x", "y", "ra", "dec", "earlier_distance")
"""Columns of the list of ambiguous injections."""
COMPLETENESS_LEVELS = (0.9, 0.5)


def write_transfer(
    output: str | os.PathLike, matches: MatchTables, settings: TransferSettings | None = None
) -> dict[str, Any]:
    """Measure a transfer function and write it to a folder.

    The folder has `transfer.json`, which is also returned, the tables `bins.csv`,
    `magnitude_size.csv`, `purity.csv` and `ambiguous.csv`, all but the last also in
    `transfer.fits`, the model `completeness.json`, and figures; see `docs/outputs.md`.

    Parameters
    ----------
    output : path
        Folder to write. It appears only when it is complete.
    matches : MatchTables
        Tables of matches.
    settings : TransferSettings, optional
        Settings; the defaults if absent.

    Returns
    -------
    dict
        Content of `transfer.json`.

    Raises
    ------
    InputError
        As `cosmodag.injections.transfer.measurement.measure_transfer`.
    """
    settings = settings or TransferSettings()
    measured = measure_transfer(matches, settings)
    content = _content(measured, settings, matches)
    with whole_folder(output, TRANSFER) as folder:
        files = [*_write_tables(folder, measured), _write_ambiguous(folder, matches)]
        for name, draw in FIGURES.items():
            path = folder / f"{name}.svg"
            if draw(path, measured):
                files += [*figure_files(path), path.with_suffix(".png")]
        model = folder / "completeness.json"
        numbers = {**measured.fit.model.numbers(), "validation": content["model"]["validation"]}
        write_json(model, numbers, inputs=matches.paths)
        inputs = [*matches.paths, model]
        write_json(folder / "transfer.json", content, inputs=inputs, files=files)
    return content


def _content(
    measured: TransferFunction, settings: TransferSettings, matches: MatchTables
) -> dict[str, Any]:
    """Return the content of the record."""
    counts, groups = measured.overview.counts, measured.overview.groups
    reference = measured.tables.get(settings.reference)
    limits = {
        f"{level:g}": None
        if reference is None
        else magnitude_at(reference, settings.reference, level)
        for level in COMPLETENESS_LEVELS
    }
    total = _rows(measured.total)[0]
    content = {
        "experiment": "injections",
        "bands": matches.bands,
        "n_injections": counts[DETECTED] + counts[MISSED] + counts[AMBIGUOUS],
        **{f"n_{status}": counts[status] for status in (DETECTED, MISSED, AMBIGUOUS, SPURIOUS)},
        "n_unchecked": counts["unchecked"],
        "n_rejected": measured.overview.n_rejected,
        "groups": {"unit": groups.unit, "n_units": groups.n_units, "n_groups": groups.n_groups},
        "total": total,
        "purity": measured.total_purity,
        "magnitude_at_completeness": limits,
        "offset_pixels": measured.offset,
        "n_outside": measured.n_outside,
        "bins": {name: _rows(table) for name, table in measured.tables.items()},
        "model": {
            "form": measured.fit.model.form,
            "features": [each.name for each in measured.fit.model.features],
            "validation": measured.fit.validation,
        },
        "settings": {**asdict(settings), "matches": measured.overview.settings},
        "provenance": {
            "code": provenance.fingerprint(__name__),
            "modules": [__name__],
            "versions": provenance.versions(("numpy", "scipy", "scikit-learn", "astropy")),
        },
    }
    return {"sentence": summarize(content), **content}


def _rows(table: pd.DataFrame) -> list[dict[str, float | None]]:
    """Return the rows of a table as JSON can represent them; None for NaN."""
    return [
        {key: None if math.isnan(value) else value for key, value in row.items()}
        for row in table.to_dict("records")
    ]


def _write_tables(folder: Path, measured: TransferFunction) -> list[Path]:
    """Write the tables as CSV and FITS; return their paths."""
    units = {each.name: each.unit for each in measured.variables}
    units |= {each.name: each.unit for each in measured.quantities}
    hdus = [fits.PrimaryHDU()]
    hdus += [_hdu(name.upper(), table, units) for name, table in measured.tables.items()]
    long = [
        _long(table, each.name, each.unit)
        for each in measured.variables
        for table in [measured.tables[each.name]]
    ]
    tables = {"bins.csv": pd.concat(long, ignore_index=True)}
    if measured.plane is not None:
        tables["magnitude_size.csv"] = measured.plane
        hdus.append(_hdu("MAGNITUDE_SIZE", measured.plane, units))
    if measured.purity:
        parts = [_long(table, band, MAGNITUDE) for band, table in measured.purity.items()]
        tables["purity.csv"] = pd.concat(parts, ignore_index=True)
        hdus += [
            _hdu(f"PURITY_{band.upper()}", table, units) for band, table in measured.purity.items()
        ]
    for name, table in tables.items():
        with whole_file(folder / name) as partial:
            table.to_csv(partial, index=False, float_format="%.6g")
    write_fits(folder / "transfer.fits", fits.HDUList(hdus))
    return [folder / "transfer.fits", *(folder / name for name in tables)]


def _long(table: pd.DataFrame, name: str, unit: str) -> pd.DataFrame:
    """Return a table of bins whose edges have the same names for all variables."""
    renamed = {f"{name}_{end}": end for end in ("lower", "upper")}
    result = table.rename(columns=renamed)
    result.insert(0, "variable", name)
    result.insert(1, "unit", unit)
    return result


def _hdu(name: str, table: pd.DataFrame, units: Mapping[str, str]) -> fits.BinTableHDU:
    """Return a table of bins as an HDU with units."""
    content = Table({column: table[column].to_numpy() for column in table})
    for column in content.colnames:
        content[column].unit = _unit(column, units)
    hdu = fits.table_to_hdu(content)
    hdu.name = name
    return hdu


def _unit(column: str, units: Mapping[str, str]) -> str | None:
    """Return the unit of a column of a table of bins."""
    base = column.removesuffix("_low").removesuffix("_high")
    base = base.removesuffix("_lower").removesuffix("_upper")
    if base != column or base.startswith(("bias_", "scatter_")):
        own = base.removeprefix("bias_").removeprefix("scatter_")
        return units.get(own, ARCSEC if own == "size" else None)
    return None


def _write_ambiguous(folder: Path, matches: MatchTables) -> Path:
    """Write the list of ambiguous injections, part by part; return its path."""
    path = folder / "ambiguous.csv"
    with whole_file(path) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        file.write(",".join(LISTED) + "\n")
        for part in matches.parts([*LISTED, "status"]):
            own = part.loc[part["status"] == AMBIGUOUS, list(LISTED)]
            own.to_csv(file, index=False, header=False, float_format="%.9g")
    return path
