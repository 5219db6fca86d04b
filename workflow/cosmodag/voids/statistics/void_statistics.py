"""Statistics of the voids of a source, written to a folder."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cosmodag import provenance
from cosmodag.errors import InputError
from cosmodag.evaluation.drawing import figure_files
from cosmodag.files import whole_file, whole_folder
from cosmodag.json_files import write_json
from cosmodag.voids.outputs import STATISTICS
from cosmodag.voids.statistics.figures import draw_statistics
from cosmodag.voids.statistics.measured_boxes import Batch, measure_boxes
from cosmodag.voids.statistics.sample_statistics import sample_statistics, void_table
from cosmodag.voids.statistics.sentences import summarize

if TYPE_CHECKING:
    from cosmodag.voids.fields.matter_trees import MatterTrees

Path = str | os.PathLike


@dataclass(frozen=True, kw_only=True)
class StatisticsSettings:
    """Settings of the statistics of voids.

    Parameters
    ----------
    threshold : float
        Mean overdensity of the galaxies in spheres that are found among them.
    matter_threshold : float
        Mean overdensity of reconstructed matter in spheres that are found in it.
    minimum_radius : float, optional
        Smallest radius of found spheres in Mpc/h; by default the smallest of the labels, or 10.
    bin_width : float
        Width of the bins of the size function in ln R.
    minimum_voids : int
        Fewest voids in a bin that enters the mean ratio to the theory.
    """

    threshold: float = -0.85
    matter_threshold: float = -0.6
    minimum_radius: float | None = None
    bin_width: float = 0.14
    minimum_voids: int = 20


def write_statistics(
    output: Path,
    batches: Sequence[Batch],
    *,
    settings: StatisticsSettings | None = None,
    threads: int | None = None,
) -> dict[str, Any]:
    """Measure the statistics of voids in all boxes, and write them to a folder.

    The folder has `statistics.json`, which is also returned, `sizes.csv`, `profiles.csv`,
    `voids.csv` and the figure `statistics.svg`, see `docs/outputs.md`.

    Parameters
    ----------
    output : path-like
        Folder to write. It appears only when it is complete.
    batches : sequence of Batch
        Files of the boxes.
    settings : StatisticsSettings, optional
        Settings; the defaults if absent.
    threads : int, optional
        Threads of the finders; numba's number of threads by default.

    Raises
    ------
    InputError
        Files cannot be read or disagree, or settings do not suit the boxes.

    Examples
    --------
    >>> batch = Batch("labels.h5", "galaxies.h5", "matter.h5")
    >>> write_statistics("statistics", [batch])  # doctest: +SKIP
    """
    settings = settings or StatisticsSettings()
    trees = _read_trees([batch.grid for batch in batches if batch.grid is not None])
    found = {
        "threshold": settings.threshold,
        "matter_threshold": None if trees is None else settings.matter_threshold,
        "minimum_radius": settings.minimum_radius,
    }
    samples, boxes = measure_boxes(batches, found, trees=trees, threads=threads)
    statistics = [
        sample_statistics(
            sample, boxes, bin_width=settings.bin_width, minimum_voids=settings.minimum_voids
        )
        for sample in samples
    ]
    numbers = {each.sample.name: each.numbers for each in statistics}
    voids = void_table(samples, boxes)
    tables = {
        "sizes.csv": pd.concat([each.sizes for each in statistics], ignore_index=True),
        "profiles.csv": pd.concat([each.profiles for each in statistics], ignore_index=True),
        "voids.csv": voids,
    }
    content = {
        "n_boxes": len(boxes),
        "volume": float(np.sum([box.volume for box in boxes])),
        "sentence": summarize(numbers, len(boxes)),
        "samples": numbers,
        "settings": asdict(settings),
        "provenance": {
            "code": provenance.fingerprint(__name__),
            "modules": [__name__],
            "versions": provenance.versions(("numpy", "scipy", "numba", "h5py")),
        },
    }
    with whole_folder(output, STATISTICS) as folder:
        for name, table in tables.items():
            with whole_file(folder / name) as partial:
                table.to_csv(partial, index=False, float_format="%.6g")
        figure = folder / "statistics.svg"
        draw_statistics(figure, statistics, voids)
        files = [*(folder / name for name in tables), *figure_files(figure)]
        inputs = [path for batch in batches for path in batch if path is not None]
        write_json(
            folder / "statistics.json",
            content,
            inputs=inputs,
            files=[*files, figure.with_suffix(".png")],
        )
    return content


def _read_trees(grids: Sequence[Path]) -> "MatterTrees | None":
    """Return what reconstructs the matter of grids, None where there are no grids."""
    if not grids:
        return None
    from cosmodag.voids.fields.box_fields import BoxFields

    trees = BoxFields.read(grids[0]).trees
    if trees is None:
        raise InputError(
            f"{grids[0]}: was made without pilots, by which the matter is reconstructed; make it "
            "with some, or leave the grid out"
        )
    return trees
