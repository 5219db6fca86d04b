"""Examples files of slices that are cut from cubes across a line of sight."""

import dataclasses
import os
from collections.abc import Sequence

import h5py
import numpy as np
from tqdm import tqdm

from cosmodag.cutouts.examples_file import create_examples, join_columns, write_index
from cosmodag.cutouts.sub_box_lattice import sub_box_lattices
from cosmodag.errors import InputError
from cosmodag.hdf5 import create_file
from cosmodag.reionization.cubes.cubes_file import FIELDS
from cosmodag.reionization.cutouts.cube_batch import (
    CubeBatch,
    escape_fraction_indices,
    open_cube_batch,
)
from cosmodag.reionization.cutouts.instrument import BEAM_EXTENT, Instrument, beam_sigma
from cosmodag.reionization.cutouts.slice_cutter import SliceCutter
from cosmodag.reionization.cutouts.slice_geometry import SliceGeometry
from cosmodag.reionization.cutouts.structure_size import correlation_length

TARGETS = ("none", "ionized")
"""Target maps of an example: none, or the ionized fraction."""


def cut_slices(
    cubes_files: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    geometry: SliceGeometry | None = None,
    *,
    channels: Sequence[str] = ("brightness_temperature",),
    target: str = "none",
    realizations: int | None = None,
    escape_fractions: Sequence[float] | None = None,
    instrument: Instrument | None = None,
    threads: int = 1,
) -> int:
    """Cut slices, whole or in patches, from cubes and write them to an examples file.

    The classes of an example are the positions of its redshift and of its escape fraction among
    those that are cut; parameters that were drawn have no classes. Slices without neutral gas are
    flagged in the column `all_zero`, since they contain no information besides that. Patches of a
    quarter of the side reproduce the 64 blocks in which cubes were also published.

    Parameters
    ----------
    cubes_files : sequence of path
        Cubes files of the same realizations, one per redshift or draw.
    output : path
        Examples file to write.
    geometry : SliceGeometry, optional
        Size and spacing of the slices; all whole slices by default. For a line of sight without a
        cube of brightness temperature, the first cube of the file is used.
    channels : sequence of str
        Fields of the input images, of `FIELDS`.
    target : {"none", "ionized"}
        Target map. "ionized" is 1 - neutral fraction, which is estimated in files without it, see
        `estimate_neutral_fraction`.
    realizations : int, optional
        Number of realizations to cut, starting from the first of the files; all by default.
    escape_fractions : sequence of float, optional
        Escape fractions to cut; all by default.
    instrument : Instrument, optional
        Effect of an interferometer on the brightness temperature; none by default.
    threads : int
        Threads of the Fourier transforms.

    Returns
    -------
    int
        Number of examples.

    Raises
    ------
    InputError
        If the files are inconsistent, a field is missing, or patches do not fit into the cubes.

    Examples
    --------
    >>> import tempfile
    >>> from cosmodag.reionization.cubes.cubes_file import CubesHeader, create_cubes
    >>> header = CubesHeader(8.0, 32.0, 16, (0, 1), (0.1,), (2,), 0.6766, 0.3111, "zeros")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with create_file(f"{folder}/z8.h5", "cubes") as file:
    ...         datasets = create_cubes(file, header)
    ...     cut_slices([f"{folder}/z8.h5"], f"{folder}/slices.h5", SliceGeometry(axes=(2,)))
    32
    """
    instrument = instrument or Instrument()
    if instrument.wedge and geometry is not None and geometry.regions is not None:
        raise InputError(
            "regions: the modes of the wedge are removed from the whole box, so that each region "
            "contains a part of all others: leave out regions or the wedge"
        )
    with open_cube_batch(cubes_files) as batch:
        _check_fields(batch, channels, target)
        cells = batch.header.cells
        cutter = SliceCutter(
            batch=batch,
            lattices=sub_box_lattices(batch, (geometry or SliceGeometry()).for_cells(cells)),
            channels=tuple(channels),
            ionized_target=target == "ionized",
            instrument=instrument,
            threads=threads,
        )
        indices = escape_fraction_indices(batch.header, escape_fractions, batch.name)
        with create_file(output, "examples", inputs=cubes_files) as file:
            return _write_examples(file, cutter, range(len(batch.boxes))[:realizations], indices)


def _write_examples(
    file: h5py.File, cutter: SliceCutter, realizations: range, escape_fractions: list[int]
) -> int:
    """Write all slices with their index; return their number."""
    batch, side = cutter.batch, cutter.side
    header = batch.header
    slices_per_cube = sum(len(lattice) for lattice in cutter.lattices)
    n_cubes = len(batch.files) * len(realizations) * len(escape_fractions)
    x, y = create_examples(
        file,
        experiment="reionization",
        count=n_cubes * slices_per_cube,
        x_shape=(side, side, len(cutter.channels)),
        y_shape=(side, side, 1) if cutter.ionized_target else (1,),
        x_channels=cutter.channels,
        y_channels=["ionized" if cutter.ionized_target else "slice_neutral_fraction"],
    )
    file.attrs.update(
        dataclasses.asdict(cutter.instrument)
        | {
            "redshifts": batch.redshifts,
            "escape_fractions": _escape_fractions(batch, escape_fractions),
            "source": header.engine,
            "box_size": header.box_size,
            "cell_size": header.box_size / header.cells,
            "hubble": header.hubble,
            "omega_m": header.omega_m,
            "line_of_sight_axes": header.axes,
        }
    )
    if cutter.lattices[0].geometry.regions is not None:
        file.attrs["structure_size"] = _structure_size(cutter, realizations[0], escape_fractions)
    tables, first = [], 0
    for redshift_class, cubes_file in enumerate(tqdm(batch.files, unit="redshift", disable=None)):
        for realization in realizations:
            for escape_fraction_class, index in enumerate(escape_fractions):
                classes = {"redshift": redshift_class, "escape_fraction": escape_fraction_class}
                for slices in cutter.cut(cubes_file, realization, index):
                    length = len(slices.x)
                    x[first : first + length] = slices.x
                    y[first : first + length] = slices.y
                    tables.append(
                        slices.columns
                        | {
                            f"{name}_class": np.full(length, number)
                            for name, number in classes.items()
                            if name not in header.drawn
                        }
                    )
                    first += length
    write_index(file, join_columns(tables))
    return first


def _escape_fractions(batch: CubeBatch, indices: list[int]) -> list[float]:
    """Return the escape fractions that are cut, ascending."""
    if "escape_fraction" in batch.header.drawn:
        return sorted(f for file in batch.files for f in file.header.values_of("escape_fraction"))
    return [batch.header.escape_fractions[index] for index in indices]


def _structure_size(cutter: SliceCutter, realization: int, escape_fractions: list[int]) -> float:
    """Return the largest extent of structures that regions of a box can share in Mpc/h.

    It is the correlation length of ionized regions, or the extent of the beam, which smooths the
    whole box, if that is larger.
    """
    batch = cutter.batch
    beam = cutter.instrument.beam
    sigma = beam_sigma(beam, batch.redshifts[-1], batch.header.omega_m) if beam else 0.0
    return max(
        BEAM_EXTENT * sigma,
        *(
            correlation_length(cutter.neutral(file, realization, index), batch.cell_size[0])
            for file in batch.files
            for index in escape_fractions
        ),
    )


def _check_fields(batch: CubeBatch, channels: Sequence[str], target: str) -> None:
    """Raise an error for a target or for channels that the files do not have."""
    if target not in TARGETS:
        raise InputError(f"target {target!r} is not known: choose from {', '.join(TARGETS)}")
    if not channels or len(set(channels)) < len(channels):
        raise InputError(
            f"channels: {list(channels)} must be some of {', '.join(FIELDS)}, each once"
        )
    for channel in channels:
        for file in batch.files:
            if channel not in file.fields:
                raise InputError(
                    f"{file.name}: has no {channel}; there are {', '.join(file.fields)}: change "
                    "the key channels"
                )
