"""Bad cubes of 21cmFAST: raw files and coeval boxes."""

import csv
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

from tests.faults.corpus.case import SPECIAL, Case, Words, special, truncated, unusable_files
from tests.unit.reionization.cubes.cubes import BOX, CELLS, write_coeval, write_raw

TEMPERATURE, DENSITY = "brightness_temperature", "density"


def read(folder: Path, *more: object) -> Words:
    """Return the command that reads the cubes of a folder."""
    size = ("--cells", CELLS, "--box-size", BOX)
    out = folder / "out" / "z8.h5"
    files = ("--path", folder / "in", "--redshift", 8, "--output", out)
    return ("reionization", "read", *files, *size, *more)


def raw(change: Callable[[dict[str, Path]], object], *more: object) -> Callable[[Path], Words]:
    """Return a maker of raw cubes of which one is changed."""

    def make(folder: Path) -> Words:
        change(write_raw(folder / "in", 8.0))
        return read(folder, *more)

    return make


def values(
    field: str, new: Callable[[np.ndarray], np.ndarray]
) -> Callable[[dict[str, Path]], None]:
    """Return a change of the values of a field."""

    def change(paths: dict[str, Path]) -> None:
        cube = np.fromfile(paths[field], "<f4").reshape((CELLS,) * 3)
        np.asarray(new(cube)).tofile(paths[field])

    return change


def with_value(value: float, count: int = 1) -> Callable[[np.ndarray], np.ndarray]:
    """Return a change of some cells."""

    def new(cube: np.ndarray) -> np.ndarray:
        cube = cube.copy()
        cube.ravel()[:count] = value
        return cube

    return new


def renamed(field: str, old: str, new: str) -> Callable[[dict[str, Path]], None]:
    """Return a change of the name of a file."""
    return lambda paths: paths[field].rename(
        paths[field].with_name(paths[field].name.replace(old, new))
    )


def of_raw() -> Iterator[Case]:
    """Yield what can be wrong with raw cubes."""
    for field, start in (
        (TEMPERATURE, "delta_T"),
        (DENSITY, "updated"),
        ("neutral_fraction", "xH"),
    ):
        changes = {
            "NaN": with_value(np.nan),
            "infinite": with_value(np.inf),
            "huge": with_value(1e30),
            "subnormal": with_value(1e-42),
            "other byte order": lambda cube: cube.astype(">f4"),
            "float64": lambda cube: cube.astype("f8"),
            "float16": lambda cube: cube.astype("f2"),
            "one cell less": lambda cube: cube.ravel()[:-1],
            "another cube": lambda cube: np.ones((10, 10, 10), "<f4"),
            "nothing": lambda cube: cube[:0],
            "integers": lambda cube: np.rint(1000 * cube).astype("<i4"),
        }
        for name, new in changes.items():
            yield Case(f"raw/{field}: {name}", raw(values(field, new)), [start])
        for kind in SPECIAL:
            if kind == "folder":
                continue
            yield Case(
                f"raw/{field}: {kind}",
                raw(lambda paths, f=field, k=kind: special(paths[f], k)),
                [start],
            )
        for fraction in (0.2, 0.999):
            yield Case(
                f"raw/{field}: cut at {fraction:g}",
                raw(lambda paths, f=field, x=fraction: truncated(paths[f], x)),
                [start],
            )

        def packed(paths: dict[str, Path], field=field, fraction=0.5, content=None) -> None:
            path = paths[field]
            new = path.with_name(f"{path.name}.gz")
            new.write_bytes(content or gzip.compress(path.read_bytes()))
            truncated(new, fraction)
            path.unlink()

        for fraction in (0.01, 0.5, 0.95):
            yield Case(
                f"raw/{field}: gzip cut at {fraction:g}",
                raw(lambda paths, p=packed, x=fraction: p(paths, fraction=x)),
                [start],
            )
        bomb = gzip.compress(bytes(4 * CELLS**3)) + gzip.compress(bytes(4 * CELLS**3))
        yield Case(
            f"raw/{field}: gzip of two members",
            raw(lambda paths, p=packed, b=bomb: p(paths, fraction=1, content=b)),
            [start],
        )
    yield Case("raw/temperature in K", raw(values(TEMPERATURE, lambda c: c / 1000)), ["delta_T"])
    yield Case("raw/density plus 1", raw(values(DENSITY, lambda c: -5 * (c + 1))), ["updated"])
    yield Case("raw/fraction in %", raw(values("neutral_fraction", lambda c: 100 * c)), ["xH"])
    yield Case("raw/temperature of zeros", raw(values(TEMPERATURE, lambda c: 0 * c)), ["delta_T"])
    yield Case("raw/density of zeros", raw(values(DENSITY, lambda c: 0 * c)), ["updated"])
    yield Case(
        "raw/ones named 0.6 neutral",
        raw(values("neutral_fraction", lambda c: 0 * c + 1)),
        ["xH", "neutral fraction"],
    )
    names = {
        "another size": (renamed(TEMPERATURE, "_20_30Mpc", "_24_30Mpc"), ["cells"]),
        "another box": (renamed(TEMPERATURE, "_20_30Mpc", "_20_60Mpc"), ["box_size"]),
        "no redshift": (renamed(TEMPERATURE, "_z008.00", ""), ["delta_T"]),
        "another redshift": (renamed(TEMPERATURE, "_z008.00", "_z009.00"), ["delta_T"]),
        "another fraction": (renamed(TEMPERATURE, "_nf0.6", "_nf0.1"), ["delta_T", "0.1"]),
        "no temperature": (lambda paths: paths[TEMPERATURE].unlink(), ["delta_T"]),
        "raw beside gzip": (
            lambda paths: (
                paths[DENSITY]
                .with_name(f"{paths[DENSITY].name}.gz")
                .write_bytes(gzip.compress(paths[DENSITY].read_bytes()))
            ),
            ["updated_smoothed_deltax"],
        ),
        "two universes": (
            lambda paths: write_raw(paths[DENSITY].parent / "b", 8.0, seed=2),
            ["delta_T", "/b/"],
        ),
        "an extension": (renamed(TEMPERATURE, "Mpc", "Mpc.dat"), ["delta_T"]),
    }
    for name, (change, words) in names.items():
        yield Case(f"raw/{name}", raw(change), words)
    for name, more in {
        "redshift of NaN": ("--redshift", "nan"),
        "redshift of text": ("--redshift", "eight"),
        "cells of 0": ("--cells", 0),
        "cells of 20.5": ("--cells", 20.5),
        "box of NaN": ("--box-size", "nan"),
        "box infinite": ("--box-size", "inf"),
        "escape fraction of 2": ("--escape-fraction", 2),
        "escape fraction of NaN": ("--escape-fraction", "nan"),
        "hubble of NaN": ("--hubble", "nan"),
        "omega_m negative": ("--omega-m", -0.3),
        "folder missing": ("--path", "/nowhere/cubes"),
        "folder a device": ("--path", "/dev/null"),
    }.items():
        yield Case(f"raw/setting: {name}", raw(lambda paths: None, *more))


def coeval(change: Callable[[h5py.File], object]) -> Callable[[Path], Words]:
    """Return a maker of a coeval box that is changed."""

    def make(folder: Path) -> Words:
        (folder / "in").mkdir()
        write_coeval(folder / "in" / "coeval.h5")
        with h5py.File(folder / "in" / "coeval.h5", "r+") as file:
            change(file)
        return read(folder)

    return make


FIELD = "BrightnessTemp/OutputFields/brightness_temp"
OPTIONS = "BrightnessTemp/InputParameters/simulation_options"


def of_coeval() -> Iterator[Case]:
    """Yield what can be wrong with coeval boxes."""

    def replaced(new: Callable[[h5py.File], object]) -> Callable[[h5py.File], None]:
        def change(file: h5py.File) -> None:
            old = file[FIELD][:]
            del file[FIELD]
            result = new(old)
            if result is not None:
                file[FIELD] = result

        return change

    def attribute(group: str, name: str, value: object) -> Callable[[h5py.File], None]:
        def change(file: h5py.File) -> None:
            del file[group].attrs[name]
            if value is not None:
                file[group].attrs[name] = value

        return change

    def virtual(file: h5py.File) -> None:
        del file[FIELD]
        layout = h5py.VirtualLayout((CELLS,) * 3, "f4")
        layout[:] = h5py.VirtualSource("gone.h5", "x", (CELLS,) * 3)
        file.create_virtual_dataset(FIELD, layout, fillvalue=3)

    changes = {
        "NaN": replaced(lambda old: np.where(old > 20, np.nan, old)),
        "infinite": replaced(lambda old: np.where(old > 20, np.inf, old)),
        "not cubic": replaced(lambda old: old[:, :, :10]),
        "flat": replaced(lambda old: old.ravel()),
        "text values": replaced(lambda old: np.full(old.shape, b"a")),
        "complex": replaced(lambda old: old + 1j),
        "no element": replaced(lambda old: old[:0]),
        "temperature in K": replaced(lambda old: old * 1e5),
        "external link, gone": replaced(lambda old: h5py.ExternalLink("nope.h5", "x")),
        "virtual, source gone": virtual,
        "a group": replaced(lambda old: None) and (lambda file: regroup(file)),
        "seed of text": attribute("BrightnessTemp/InputParameters", "random_seed", "twelve"),
        "seed of a list": attribute("BrightnessTemp/InputParameters", "random_seed", [1, 2]),
        "cells missing": attribute(OPTIONS, "HII_DIM", None),
        "cells of text": attribute(OPTIONS, "HII_DIM", "many"),
        "cells of NaN": attribute(OPTIONS, "HII_DIM", np.nan),
        "box of text": attribute(OPTIONS, "BOX_LEN", "large"),
        "redshift missing": attribute("BrightnessTemp", "redshift", None),
        "redshift of text": attribute("BrightnessTemp", "redshift", "eight"),
        "no parameters": lambda file: file.__delitem__("BrightnessTemp/InputParameters"),
        "escape fraction of text": attribute(
            "BrightnessTemp/InputParameters/astro_params", "F_ESC10", "a"
        ),
    }
    for name, change in changes.items():
        yield Case(f"coeval/{name}", coeval(change), ["coeval.h5"])
    yield from unusable_files(
        "coeval/", "coeval.h5", lambda path: read(path.parent.parent), folders=False
    )
    for fraction in (0.1, 0.5, 0.9):

        def make(folder: Path, fraction=fraction) -> Words:
            words = coeval(lambda file: None)(folder)
            truncated(folder / "in" / "coeval.h5", fraction)
            return words

        yield Case(f"coeval/cut at {fraction:g}", make, ["coeval.h5"])


def regroup(file: h5py.File) -> None:
    """Replace a field by a group."""
    del file[FIELD]
    file.create_group(FIELD)


def of_many() -> Iterator[Case]:
    """Yield a bad cube among good ones."""

    def listed(word: str, item: str | None) -> Callable[[Path], None]:
        def check(folder: Path) -> None:
            with open(folder / "out" / "z8.rejected.csv", newline="") as file:
                rows = list(csv.DictReader(file))
            assert any(word in " ".join(row.values()) for row in rows), rows
            assert item is None or [row["item"] for row in rows] == [item], rows
            with h5py.File(folder / "out" / "z8.h5") as file:
                kept = file.attrs["realizations"].tolist()
                assert kept == ([1, 3, 4] if item else [1, 2, 3, 4]), kept
                for row, seed in enumerate(kept):
                    path = next((folder / "in" / f"RNG_{seed}").glob("delta_T*"))
                    cube = np.fromfile(path, "<f4").reshape((CELLS,) * 3)
                    assert np.array_equal(file[TEMPERATURE][row, 0, 0], cube), "cubes differ"

        return check

    def four(change: Callable[[Path], object]) -> Callable[[Path], Words]:
        def make(folder: Path) -> Words:
            for seed in (1, 2, 3, 4):
                write_raw(folder / "in" / f"RNG_{seed}", 8.0, seed=seed)
            change(folder / "in")
            return read(folder)

        return make

    def of_second(pattern: str, change: Callable[[Path], object]) -> Callable[[Path], object]:
        return lambda folder: change(next((folder / "RNG_2").glob(pattern)))

    def spoil(path: Path) -> None:
        cube = np.fromfile(path, "<f4")
        cube[5] = np.nan
        cube.tofile(path)

    for pattern in ("delta_T*", "updated*", "xH*"):
        start = pattern.strip("*")
        yield Case(
            f"raw/one of four, {start} of NaN",
            four(of_second(pattern, spoil)),
            listed=listed(start, "realization 2"),
        )
        yield Case(
            f"raw/one of four, {start} cut",
            four(of_second(pattern, lambda path: truncated(path, 0.5))),
            listed=listed(start, "realization 2"),
        )
    stray = {
        "HDF5 of notes": lambda f: h5py.File(f / "notes.h5", "w").close(),
        "a broken HDF5": lambda f: (f / "notes.h5").write_bytes(b"no HDF5"),
        "a NumPy array": lambda f: np.save(f / "delta_T.npy", np.ones(3)),
        "a cube without redshift": lambda f: np.ones(8000, "<f4").tofile(
            f / "delta_T_nf0.6_20_30Mpc"
        ),
    }
    for name, change in stray.items():
        word = "notes.h5" if "HDF5" in name else "delta_T"
        yield Case(f"raw/beside {name}", four(change), listed=listed(word, None))

    def too_many(folder: Path) -> None:
        for seed in (1, 2, 3, 4):
            spoil(next((folder / f"RNG_{seed}").glob("delta_T*")))

    yield Case("raw/all of four", four(too_many), ["delta_T", "4 of 4"])


def cases() -> list[Case]:
    """Return all cases of cubes."""
    return [*of_raw(), *of_coeval(), *of_many()]
