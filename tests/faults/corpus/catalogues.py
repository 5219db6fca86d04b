"""Bad catalogues of galaxies and of voids."""

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.table import Table

from tests.faults.corpus.case import Case, Words, special, truncated, unusable_files

BOX, ROWS = 50.0, 2000
SUFFIXES = ("csv", "txt", "h5", "parquet", "fits", "ff")
POSITION = np.random.default_rng(1).uniform(0, BOX, (ROWS, 3))


def frame() -> dict[str, np.ndarray]:
    """Return the columns of a good catalogue."""
    return dict(zip("xyz", POSITION.T.copy())) | {"w": np.ones(ROWS), "mass": np.arange(1.0, 2001)}


def write(path: Path, columns: dict) -> Path:
    """Write a catalogue in the format that the suffix names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        pd.DataFrame(columns).to_csv(path, index=False)
    elif path.suffix == ".txt":
        np.savetxt(path, np.transpose(list(columns.values())), header=" ".join(columns))
    elif path.suffix == ".parquet":
        pd.DataFrame(columns).to_parquet(path)
    elif path.suffix == ".fits":
        Table(columns).write(path, overwrite=True)
    elif path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            for name, values in columns.items():
                text = values.dtype.kind == "U"
                file[name] = values.astype("S") if text else values
    else:
        write_fastfood(path, list(columns.values())[:4])
    return path


def write_fastfood(path: Path, columns: list, box: float = BOX, dtype: str = "<f4") -> Path:
    """Write a fast-food catalogue."""
    records = [np.array([0, len(columns[0]), 0, 0, 0], "<i4")]
    records += [np.array([box, *[0] * 8], "<f4"), np.array([0.0], "<f4")]
    records += [np.asarray(column, dtype) for column in columns]
    with open(path, "wb") as file:
        for record in records:
            count = np.array([record.nbytes], "<i4").tobytes()
            file.write(count + record.tobytes() + count)
    return path


def command(path: Path, *more: object) -> Words:
    """Return the command that reads a catalogue."""
    out = path.parent.parent / "out" / "g.h5"
    return ("voids", "catalogue", "--path", path, "--output", out, "--box-size", BOX, *more)


def changed(name: str, change: Callable[[dict], dict | None]) -> Callable[[Path], Words]:
    """Return a maker of a catalogue whose columns are changed."""

    def make(folder: Path) -> Words:
        columns = frame()
        return command(write(folder / "in" / name, change(columns) or columns))

    return make


def put(column: str, value: object, rows: slice = slice(None)) -> Callable[[dict], None]:
    """Return a change that sets values of a column."""

    def change(columns: dict) -> None:
        if not isinstance(value, float):
            columns[column] = columns[column].astype(object)
        columns[column][rows] = value

    return change


def of_any_format() -> Iterator[Case]:
    """Yield what can be wrong with a file whatever its format."""
    for suffix in SUFFIXES:
        name = f"c.{suffix}"
        yield from unusable_files(f"{suffix}/", name, command)
        yield Case(
            f"{suffix}/missing", lambda folder, name=name: command(folder / "in" / name), [name]
        )
        yield Case(f"{suffix}/no rows", changed(name, lambda c: {k: v[:0] for k, v in c.items()}))
        for value in (np.nan, np.inf, -np.inf):
            yield Case(f"{suffix}/all {value}", changed(name, put("y", value)), [name, "y is"])
            change = put("y", value, slice(0, 200))
            yield Case(f"{suffix}/many {value}", changed(name, change), [name, "max_rejected"])
            yield Case(
                f"{suffix}/few {value}",
                changed(name, put("y", value, slice(7, 8))),
                listed=lists({7: "y is"}),
            )
        yield Case(f"{suffix}/outside", changed(name, put("x", 70.0, slice(0, 900))), ["outside"])
        yield Case(f"{suffix}/other unit", changed(name, scaled(1000)), [name, "kpc/h"])
        yield Case(f"{suffix}/one value", changed(name, put("x", 25.0)), [name, "x from 25"])
        missing = changed(name, lambda c: c)
        yield Case(
            f"{suffix}/no column", lambda f, m=missing: (*m(f), "--columns", NO_COLUMN), ["zz"]
        )
        if suffix in ("h5", "parquet", "fits", "ff"):
            for fraction in (0.01, 0.3, 0.6, 0.95):

                def cut(folder: Path, name=name, fraction=fraction) -> Words:
                    path = write(folder / "in" / name, frame())
                    return command(truncated(path, fraction))

                yield Case(f"{suffix}/cut at {fraction:g}", cut, [name])
        if suffix in ("h5", "parquet", "fits"):
            for what, values in UNSUITABLE.items():
                if suffix == "parquet" and what == "complex":
                    continue
                change = changed(name, lambda c, values=values: c | {"x": values()})
                yield Case(f"{suffix}/{what}", change, [name, "x"])


NO_COLUMN = '["x", "y", "zz"]'
UNSUITABLE = {
    "text values": lambda: np.array(["12.5"] * ROWS),
    "complex": lambda: POSITION[:, 0] + 1j,
    "truth values": lambda: POSITION[:, 0] > 25,
}
"""Columns that are not numbers."""


def scaled(factor: float) -> Callable[[dict], dict]:
    """Return a change of the unit of positions."""
    return lambda columns: columns | {name: factor * columns[name] for name in "xyz"}


def lists(reasons: dict[int, str]) -> Callable[[Path], None]:
    """Return a check that rows are listed with the reason and that all others are used."""

    def check(folder: Path) -> None:
        with open(folder / "out" / "g.rejected.csv", newline="") as file:
            rows = {row["item"]: row["reason"] for row in csv.DictReader(file)}
        assert rows.keys() == {f"row {row}" for row in reasons}, rows
        for row, reason in reasons.items():
            assert reason in rows[f"row {row}"], rows
        with h5py.File(folder / "out" / "g.h5") as file:
            used = file["survey/position"][:]
            assert file["survey"].attrs["n_rejected_rows"] == len(reasons)
        expected = np.delete(POSITION, list(reasons), axis=0).astype(np.float32)
        assert np.allclose(used, expected, atol=1e-4), "the other rows differ"

    return check


def text(lines: Callable[[list[str]], object], name: str = "c.csv") -> Callable[[Path], Words]:
    """Return a maker of a text catalogue whose lines are changed; line 0 is the header."""

    def make(folder: Path) -> Words:
        path = write(folder / "in" / name, {k: frame()[k] for k in "xyz"})
        content = path.read_text().splitlines()
        result = lines(content)
        if isinstance(result, bytes):
            path.write_bytes(result)
        else:
            path.write_text("\n".join(content if result is None else result) + "\n")
        return command(path)

    return make


def line(number: int, value: str | Callable[[str], str]) -> Callable[[list[str]], None]:
    """Return a change of one line."""

    def change(lines: list[str]) -> None:
        lines[number] = value(lines[number]) if callable(value) else value

    return change


def of_text() -> Iterator[Case]:
    """Yield what can be wrong with text."""
    few = {
        "a row with an extra field": (line(8, lambda row: row + ",7"), "4 fields instead of 3"),
        "a row with an empty extra field": (line(8, lambda row: row + ",,7"), "5 fields"),
        "a row with a lost field": (line(8, "1.5,2.5"), "2 fields instead of 3"),
        "a row of text": (line(8, "a,b,c"), "x is 'a', not a number"),
        "an empty field": (line(8, "1.5,,2.5"), "y is NaN"),
        "a null": (line(8, "1.5,null,2.5"), "y is NaN"),
        "a complex number": (line(8, "1+2j,1,1"), "x is '1+2j', not a number"),
        "a row with decimal commas": (line(8, "1,5,2,5,3,5"), "6 fields instead of 3"),
        "a quotation mark": (line(8, '1.5,2.5,"3.5'), "fields"),
        "a number out of range": (line(8, "1e400,1,1"), "x is inf"),
        "hexadecimal": (line(8, "0x1p3,1,1"), "x is '0x1p3', not a number"),
        "underscores": (line(8, "1_0,1,1"), "x is '1_0', not a number"),
        "the header again": (line(8, "x,y,z"), "x is 'x', not a number"),
    }
    for name, (change, reason) in few.items():
        yield Case(f"csv/{name}", text(change), listed=lists({7: reason}))
    refused = {
        "decimal commas": (
            lambda lines: ["x,y,z", *["1,5,2,5,3,5"] * 2000],
            ["c.csv", "6 fields instead of 3", "decimal"],
        ),
        "semicolons": (lambda lines: [row.replace(",", ";") for row in lines], ["c.csv", "'x'"]),
        "tabulators": (lambda lines: [row.replace(",", "\t") for row in lines], ["c.csv", "'x'"]),
        "no header": (lambda lines: lines[1:], ["c.csv", "no column 'x'"]),
        "a header alone": (lambda lines: lines[:1], ["c.csv"]),
        "a column twice": (line(0, "x,y,z,x"), ["c.csv", "'x' twice"]),
        "a header of other length": (line(0, "x,y,z,w"), ["c.csv", "3 fields instead of 4"]),
        "UTF-16": (lambda lines: "\n".join(lines).encode("utf-16"), ["c.csv", "UTF-8"]),
        "Latin-1": (lambda lines: ("é" + "\n".join(lines)).encode("latin-1"), ["c.csv", "UTF-8"]),
        "null characters": (lambda lines: b"x,y,z\n1,2,\0\n" * 9, ["c.csv", "null characters"]),
        "one endless line": (lambda lines: b"x" * (3 << 20), ["c.csv", "line of more than"]),
        "columns of text": (lambda lines: ["x,y,z", *["a,b,c"] * 2000], ["c.csv", "'a'"]),
        "quoted commas": (
            lambda lines: ["x,y,z", *['"1,5","2,5","3,5"'] * 2000],
            ["c.csv", "x is"],
        ),
        "angles": (lambda lines: ["ra,dec,z", *lines[1:]], ["c.csv", "no column 'x'"]),
    }
    for name, (change, words) in refused.items():
        yield Case(f"csv/{name}", text(change), words)
    spaces = {
        "a row with an extra field": (line(8, "1 2 3 4"), "4 fields instead of 3"),
        "a row with a lost field": (line(8, "1 2"), "2 fields instead of 3"),
        "a row of text": (line(8, "a b c"), "x is 'a', not a number"),
        "an exponent without a number": (line(8, "1.5D 1 1"), "x is '1.5D', not a number"),
        "Fortran's stars": (line(8, "****** 1 1"), "x is '******', not a number"),
    }
    for name, (change, reason) in spaces.items():
        yield Case(f"txt/{name}", text(change, "c.txt"), listed=lists({7: reason}))
    yield Case(
        "txt/commas", text(lambda lines: [x.replace(" ", ",") for x in lines], "c.txt"), ["x"]
    )

    def compressed(folder: Path, fraction: float = 1.0, name: str = "c.csv.gz") -> Words:
        path = write(folder / "in" / "c.csv", {k: frame()[k] for k in "xyz"})
        packed = folder / "in" / name
        packed.write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
        return command(truncated(packed, fraction))

    for fraction in (0.1, 0.5, 0.99):
        yield Case(
            f"csv/gzip cut at {fraction:g}", lambda f, x=fraction: compressed(f, x), ["c.csv.gz"]
        )
    yield Case("csv/gzip without .csv", lambda f: compressed(f, 1, "c.gz"), ["c.gz", "format"])

    def endless(folder: Path) -> Words:
        path = folder / "in" / "c.csv.gz"
        path.parent.mkdir()
        with gzip.open(path, "wb") as file:
            file.write(b"x,y,z\n")
            for _ in range(400):
                file.write(b"9" * 1_000_000)
        return command(path)

    yield Case("csv/gzip that expands", endless, ["c.csv.gz", "line of more than"])


def hdf5(change: Callable[[h5py.File, Path], object]) -> Callable[[Path], Words]:
    """Return a maker of an HDF5 catalogue that is changed; the result are further words."""

    def make(folder: Path) -> Words:
        path = write(folder / "in" / "c.h5", frame())
        with h5py.File(path, "r+") as file:
            more = change(file, folder)
        return command(path, *(more or ()))

    return make


def replaced(make: Callable[[h5py.File, Path], object]) -> Callable[[Path], Words]:
    """Return a maker of an HDF5 catalogue whose column x is made anew."""

    def change(file: h5py.File, folder: Path) -> object:
        del file["x"]
        return make(file, folder)

    return hdf5(change)


def virtual(source: str, rows: int = ROWS, of: int = ROWS) -> Callable:
    """Return a maker of a virtual column x."""

    def make(file: h5py.File, folder: Path) -> None:
        if source == "short.h5":
            write(folder / "in" / source, {"x": np.ones(of)})
        layout = h5py.VirtualLayout((ROWS,), "f8")
        layout[:rows] = h5py.VirtualSource(source, "x", (rows,))
        file.create_virtual_dataset("x", layout, fillvalue=12.0)

    return make


def _external(length: int | None) -> Callable:
    def make(file: h5py.File, folder: Path) -> None:
        path = folder / "in" / "raw.bin"
        file.create_dataset("x", (ROWS,), "f8", external=[(str(path), 0, 8 * ROWS)])
        if length is not None:
            path.write_bytes(bytes(length))

    return make


def _unwritten(**layout) -> Callable:
    def make(file: h5py.File, folder: Path) -> None:
        x = file.create_dataset("x", (ROWS,), "f8", **layout)
        if "chunks" in layout:
            x[:1000] = 1.0

    return make


def _assign(name: str, value: Callable[[], object]) -> Callable:
    def make(file: h5py.File, folder: Path) -> None:
        file[name] = value()

    return make


def of_hdf5() -> Iterator[Case]:
    """Yield what can be wrong with HDF5."""
    cases = {
        "virtual, source missing": (virtual("gone.h5"), ["c.h5", "x", "gone.h5", "missing"]),
        "virtual, source short": (virtual("short.h5", ROWS, 900), ["c.h5", "short.h5", "smaller"]),
        "virtual, partly mapped": (virtual("short.h5", 900, 900), ["c.h5", "no source"]),
        "virtual, source a pipe": (
            lambda file, folder: (
                special(folder / "in" / "pipe.h5", "pipe"),
                virtual("pipe.h5")(file, folder),
            )[:0],
            ["pipe.h5", "named pipe"],
        ),
        "external link, gone": (
            _assign("x", lambda: h5py.ExternalLink("nope.h5", "x")),
            ["c.h5", "x", "nope.h5", "missing"],
        ),
        "soft link, gone": (_assign("x", lambda: h5py.SoftLink("/q")), ["c.h5", "/q", "missing"]),
        "soft link to itself": (_assign("x", lambda: h5py.SoftLink("/x")), ["c.h5", "x"]),
        "external file, gone": (_external(None), ["c.h5", "raw.bin", "missing"]),
        "external file, short": (_external(800), ["c.h5", "raw.bin", "truncated"]),
        "never written": (_unwritten(), ["c.h5", "x", "never written"]),
        "partly written": (_unwritten(chunks=(100,)), ["c.h5", "x", "10 of 20 chunks"]),
        "a group": (lambda file, folder: file.create_group("x") and None, ["c.h5", "group"]),
        "a named type": (_assign("x", lambda: np.dtype("f8")), ["c.h5", "named type"]),
        "a scalar": (_assign("x", lambda: 5.0), ["c.h5", "x"]),
        "three axes": (_assign("x", lambda: np.ones((ROWS, 2, 2))), ["c.h5", "x"]),
        "a table of vectors": (_assign("x", lambda: np.ones((ROWS, 3))), ["c.h5", "x"]),
        "empty": (_assign("x", lambda: h5py.Empty("f8")), ["c.h5", "x", "empty"]),
        "no element": (_assign("x", lambda: np.ones(0)), ["c.h5", "differ in length"]),
        "another length": (_assign("x", lambda: np.ones(1999)), ["c.h5", "differ in length"]),
        "a structure": (_assign("x", lambda: np.ones(ROWS, [("a", "f8")])), ["c.h5", "x"]),
        "objects": (
            lambda file, folder: file.create_dataset("x", (ROWS,), h5py.vlen_dtype("f8")) and None,
            ["c.h5", "x"],
        ),
        "references": (
            lambda file, folder: file.create_dataset("x", (ROWS,), h5py.ref_dtype) and None,
            ["c.h5", "x"],
        ),
    }
    for name, (make, words) in cases.items():
        yield Case(f"h5/{name}", replaced(make), words)
    options = {
        "no such table": (("--table", "halos"), ["c.h5", "halos"]),
        "a table with a path out of it": (("--table", "../x"), ["c.h5", "../x"]),
        "an index of no column": (("--columns", "[0, 1, 2]"), ["c.h5", "index"]),
        "a component of no vector": (("--columns", '["x[3]", "y", "z"]'), ["c.h5", "column"]),
        "a column three times": (("--columns", '["x", "x", "x"]'), ["c.h5", "twice"]),
    }
    for name, (more, words) in options.items():
        yield Case(f"h5/{name}", hdf5(lambda file, folder, more=more: more), words)

    def transposed(file: h5py.File, folder: Path) -> tuple:
        file["p"] = POSITION.T
        return ("--columns", '["p[0]", "p[1]", "p[2]"]')

    yield Case("h5/transposed", hdf5(transposed), ["c.h5", "3 x 2000", "transposed"])

    def header(**attributes) -> Callable:
        return lambda file, folder: file.create_group("Header").attrs.update(attributes) and None

    yield Case("h5/another box in the header", hdf5(header(BoxSize=25.0)), ["c.h5", "box_size: 25"])
    yield Case(
        "h5/another unit in the header", hdf5(header(BoxSize=50_000.0)), ["c.h5", "unit: kpc/h"]
    )
    yield Case(
        "h5/another h in the header",
        lambda f: (*hdf5(header(HubbleParam=0.7))(f), "--unit", "Mpc", "--hubble", "0.6"),
        ["c.h5", "hubble: 0.7"],
    )

    def part(file: h5py.File, folder: Path) -> None:
        file.create_group("Header").attrs["NumFilesPerSnapshot"] = 4

    yield Case("h5/part of a snapshot", hdf5(part), ["c.h5", "4 files"])
    yield Case(
        "h5/part of a snapshot, a list",
        hdf5(
            lambda file, folder: file.create_group("Header").attrs.update(
                NumFilesPerSnapshot=[4, 4]
            )
        ),
        listed=lists({}),
    )


def of_fits() -> Iterator[Case]:
    """Yield what can be wrong with the header of a FITS table."""
    cards = {
        "negative NAXIS": (b"NAXIS   =                    2", b"NAXIS   =                   -2"),
        "huge NAXIS": (b"NAXIS   =                    2", b"NAXIS   =           2000000000"),
        "NAXIS of text": (b"NAXIS   =                    2", b"NAXIS   = 'two'               "),
        "negative NAXIS2": (b"NAXIS2  =                 2000", b"NAXIS2  =                -2000"),
        "huge NAXIS2": (b"NAXIS2  =                 2000", b"NAXIS2  =  9000000000000000000"),
        "NAXIS2 too large": (b"NAXIS2  =                 2000", b"NAXIS2  =                 9000"),
        "negative PCOUNT": (b"PCOUNT  =                    0", b"PCOUNT  =               -80000"),
        "huge PCOUNT": (b"PCOUNT  =                    0", b"PCOUNT  =    80000000000000000"),
        "negative GCOUNT": (b"GCOUNT  =                    1", b"GCOUNT  =                   -1"),
        "zero GCOUNT": (b"GCOUNT  =                    1", b"GCOUNT  =                    0"),
        "unknown BITPIX": (b"BITPIX  =                    8", b"BITPIX  =                    7"),
        "unknown TFORM": (b"TFORM1  = 'D       '", b"TFORM1  = '?       '"),
        "negative TFIELDS": (b"TFIELDS =                    5", b"TFIELDS =                   -5"),
        "huge TFIELDS": (b"TFIELDS =                    5", b"TFIELDS =            999999999"),
        "unknown XTENSION": (b"XTENSION= 'BINTABLE'", b"XTENSION= 'BINTABEL'"),
        "no END": (b"END" + b" " * 77, b" " * 80),
        "a header of bytes": (b"TTYPE1  = 'x       '", b"TTYPE1  = '\xff       '"),
        "TSCAL of NaN": (b"TTYPE5  = 'mass    '", b"TSCAL1  = NaN       "),
        "TSCAL of zero": (b"TTYPE5  = 'mass    '", b"TSCAL1  = 0.0       "),
        "TZERO infinite": (b"TTYPE5  = 'mass    '", b"TZERO1  = 1e999     "),
    }
    for name, (old, new) in cards.items():

        def make(folder: Path, old=old, new=new) -> Words:
            path = write(folder / "in" / "c.fits", frame())
            content = path.read_bytes()
            assert content.count(old), old
            head, _, tail = content.rpartition(old)
            path.write_bytes(head + new + tail)
            return command(path)

        yield Case(f"fits/{name}", make, ["c.fits"])

    def saved(folder: Path, hdus: list, *more: object) -> Words:
        (folder / "in").mkdir()
        fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(folder / "in" / "c.fits")
        return command(folder / "in" / "c.fits", *more)

    def column(form: str, values, **more) -> fits.Column:
        return fits.Column("x", form, array=values, **more)

    rest = [fits.Column(name, "D", array=frame()[name]) for name in "yz"]
    tables = {
        "no table": lambda f: saved(f, []),
        "an image": lambda f: saved(f, [fits.ImageHDU(POSITION)]),
        "a table that is not there": lambda f: saved(
            f, [fits.BinTableHDU(Table(frame()))], "--table", "HALOS"
        ),
        "vectors": lambda f: saved(
            f, [fits.BinTableHDU.from_columns([column("3D", POSITION), *rest])]
        ),
        "lists": lambda f: saved(
            f,
            [
                fits.BinTableHDU.from_columns(
                    [column("PD()", np.array([np.ones(2)] * ROWS, object)), *rest]
                )
            ],
        ),
        "a component out of range": lambda f: saved(
            f,
            [fits.BinTableHDU.from_columns([column("3D", POSITION), *rest])],
            "--columns",
            '["x[5]", "y", "z"]',
        ),
    }
    for name, make in tables.items():
        yield Case(f"fits/{name}", make, ["c.fits"])

    def undefined(folder: Path) -> Words:
        values = np.rint(POSITION[:, 0] * 1000).astype(np.int32)
        values[7] = -99
        columns = [column("J", values, null=-99)]
        columns += [fits.Column(n, "D", array=1000 * frame()[n]) for n in "yz"]
        table = fits.BinTableHDU.from_columns(columns)
        return saved(folder, [table], "--unit", "kpc/h")

    def check(folder: Path) -> None:
        with open(folder / "out" / "g.rejected.csv", newline="") as file:
            (row,) = csv.DictReader(file)
        assert (row["item"], row["reason"]) == ("row 7", "x is NaN")

    yield Case("fits/an undefined integer", undefined, listed=check)


def of_parquet() -> Iterator[Case]:
    """Yield what can be wrong with Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "dates": pa.array([1] * ROWS, pa.timestamp("s")),
        "lists": pa.array([[1.0]] * ROWS),
        "structures": pa.array([{"a": 1.0}] * ROWS),
        "decimals": pa.array([1] * ROWS).cast(pa.decimal128(30, 2)),
        "a dictionary": pa.array(["a"] * ROWS).dictionary_encode(),
        "nothing": pa.nulls(ROWS),
    }

    def save(folder: Path, names: list[str], values: list) -> Words:
        (folder / "in").mkdir()
        pq.write_table(pa.table(values, names=names), folder / "in" / "c.parquet")
        return command(folder / "in" / "c.parquet")

    y, z = (pa.array(frame()[name]) for name in "yz")
    for name, values in columns.items():
        yield Case(
            f"parquet/a column of {name}",
            lambda f, v=values: save(f, list("xyz"), [v, y, z]),
            ["c.parquet", "x"],
        )
    yield Case(
        "parquet/a column twice",
        lambda f: save(f, list("xyzx"), [y, y, z, z]),
        ["c.parquet", "twice"],
    )

    def with_null(folder: Path) -> Words:
        x = frame()["x"].tolist()
        x[7] = None
        return save(folder, list("xyz"), [pa.array(x), y, z])

    yield Case("parquet/a null", with_null, listed=lists({7: "x is NaN"}))


def of_fastfood() -> Iterator[Case]:
    """Yield what can be wrong with fast-food files."""

    def patched(offset: int, value: bytes) -> Callable[[Path], Words]:
        def make(folder: Path) -> Words:
            path = write(folder / "in" / "c.ff", frame())
            content = bytearray(path.read_bytes())
            content[offset : offset + len(value)] = value
            path.write_bytes(content)
            return command(path)

        return make

    numbers = {
        "negative count": (8, -5),
        "huge count": (8, 2**31 - 1),
        "other count": (8, 1000),
        "other byte count": (0, 24),
        "byte count after": (24, 16),
        "record of x": (84, 7),
        "end of the record of x": (88 + 4 * ROWS, 12),
    }
    for name, (offset, value) in numbers.items():
        yield Case(f"ff/{name}", patched(offset, np.array([value], "<i4").tobytes()), ["c.ff"])
    swapped = changed("c.ff", lambda columns: columns)

    def big_endian(folder: Path) -> Words:
        words = swapped(folder)
        path = folder / "in" / "c.ff"
        path.write_bytes(np.frombuffer(path.read_bytes(), "<u4").byteswap().tobytes())
        return words

    yield Case("ff/big-endian", big_endian, ["c.ff"])

    def other_box(folder: Path) -> Words:
        (folder / "in").mkdir()
        path = write_fastfood(folder / "in" / "c.ff", [frame()[n] for n in "xyz"], box=47.0)
        return command(path)

    yield Case("ff/another box in the header", other_box, ["c.ff", "47", "box_size"])


def of_settings() -> Iterator[Case]:
    """Yield settings of catalogues that are not possible."""
    good = changed("c.csv", lambda columns: columns)
    cases = {
        "box of NaN": ("--box-size", "NaN"),
        "box infinite": ("--box-size", "Infinity"),
        "box negative": ("--box-size", "-50"),
        "box zero": ("--box-size", "0"),
        "box of text": ("--box-size", '"fifty"'),
        "box of two": ("--box-size", "[50, 50]"),
        "box of angles": ("--box-size", "[360, 180, 1]"),
        "box a truth value": ("--box-size", "true"),
        "box of NaN in a list": ("--box-size", "[50, NaN, 50]"),
        "origin of NaN": ("--origin", "NaN"),
        "origin of text": ("--origin", '"x"'),
        "hubble of NaN": ("--hubble", "nan"),
        "hubble in km/s/Mpc": ("--hubble", "70"),
        "unit unknown": ("--unit", "mpc"),
        "format unknown": ("--format", "vtk"),
        "columns of two": ("--columns", '["x", "y"]'),
        "columns no JSON": ("--columns", "x,y,z"),
        "columns of numbers": ("--columns", "[0.5, 1, 2]"),
        "columns negative": ("--columns", "[0, 1, -1]"),
        "weight missing": ("--weight", "weights"),
        "cut of NaN": ("--cut", '{"mass": {"min": NaN}}'),
        "cut of text": ("--cut", '{"mass": {"min": "heavy"}}'),
        "cut unknown bound": ("--cut", '{"mass": {"minimum": 3}}'),
        "cut empty": ("--cut", '{"mass": {}}'),
        "cut of nothing left": ("--cut", '{"mass": {"min": 99999}}'),
        "cut of a column twice": ("--cut", '{"mass": {"min": 3}, "mass": {"max": 9}}'),
        "cut of a bound twice": ("--cut", '{"mass": {"min": 3, "min": 9}}'),
        "cut of a missing column": ("--cut", '{"masss": {"min": 3}}'),
        "share of 1": ("--max-rejected", "1"),
        "share of NaN": ("--max-rejected", "nan"),
        "share negative": ("--max-rejected", "-0.1"),
        "table in a CSV": ("--table", "halos"),
        "nested deeply": ("--cut", "[" * 100_000),
    }
    for name, more in cases.items():
        yield Case(f"settings/{name}", lambda f, more=more: (*good(f), *more))
    yield Case(
        "settings/an output of a long name",
        lambda f: (*good(f), "--output", f / "out" / f"{'x' * 242}.h5"),
        ["x.h5", "the name is too long"],
    )

    yield Case(
        "settings/a file name of two lines",
        changed("of\ntwo lines.csv", lambda columns: {"a": columns["x"]}),
        ["of\\ntwo lines.csv", "no column 'x'"],
    )
    weights = {
        "weights that cancel": lambda c: c | {"w": np.tile([1.0, -1.0], ROWS // 2)},
        "weights of zero": lambda c: c | {"w": np.zeros(ROWS)},
        "negative weights": lambda c: c | {"w": -c["w"]},
    }
    for name, change in weights.items():
        maker = changed("c.csv", change)
        yield Case(
            f"settings/{name}", lambda f, m=maker: (*m(f), "--weight", "w"), ["c.csv", "weight"]
        )
    half = changed("c.csv", lambda c: c | {"z": c["z"] / 2})
    yield Case("settings/half of the box filled", half, ["c.csv", "z from"])
    equal = changed("c.csv", lambda c: c | {"z": c["y"]})
    yield Case("settings/a column copied", equal, ["c.csv", "'y' and 'z'"])
    flat = changed("c.csv", lambda c: c | {"z": c["z"] / 1000})
    yield Case("settings/a flat box", flat, ["c.csv", "along z"])
    parts = changed("c.csv", lambda c: c)
    yield Case(
        "settings/a pattern of nothing",
        lambda f: (*parts(f), "--path", f / "in" / "d.*.csv"),
        ["d.*.csv", "no file matches"],
    )
    yield Case(
        "settings/a file given twice",
        lambda f: (*parts(f), "--path", f / "in" / "*.csv"),
        ["c.csv", "given twice"],
    )
    one = changed("c.csv", put("x", 50.4, slice(0, 1)))
    yield Case("settings/one position outside", one, ["c.csv", "box_size: [51"])


VOIDS = {"x": [10.0, 20, 30, 40], "y": [10.0, 40, 20, 30], "z": [40.0, 10, 30, 5]}


def of_voids() -> Iterator[Case]:
    """Yield bad catalogues of voids."""

    def label(change: Callable[[dict], object], settings: dict | None = None, name="v.csv"):
        def make(folder: Path) -> Words:
            from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
            from cosmodag.voids.catalogues.galaxy_catalogue import (
                GalaxyCatalogue,
                write_galaxies_file,
            )

            path = write(folder / "in" / "c.csv", frame())
            catalogue = GalaxyCatalogue(path=path, coordinates=BoxCoordinates(box_size=BOX))
            write_galaxies_file(folder / "in" / "g.h5", {"survey": catalogue}, source="survey")
            columns = {k: np.array(v) for k, v in VOIDS.items()} | {"radius": np.full(4, 8.0)}
            result = change(columns)
            write(folder / "in" / name, columns if result is None else result)
            return (
                *("voids", "label", "--galaxies", folder / "in" / "g.h5", "--mesh", 16),
                *("--void-catalogue", folder / "in" / name, "--output", folder / "out" / "l.h5"),
                *("--void-settings", json.dumps({"minimum_radius": 1} | (settings or {}))),
            )

        return make

    def value(column: str, number: float, rows: slice) -> Callable[[dict], None]:
        return lambda columns: columns[column].__setitem__(rows, number)

    everything = slice(None)
    refused = {
        "radii negative": value("radius", -8, everything),
        "radii zero": value("radius", 0, everything),
        "radii NaN": value("radius", np.nan, everything),
        "centres NaN": value("y", np.nan, everything),
        "radii of the box": value("radius", 60, everything),
        "centres outside": value("x", 5000, everything),
        "no rows": lambda columns: {k: v[:0] for k, v in columns.items()},
        "no radius": lambda columns: {k: v for k, v in columns.items() if k != "radius"},
        "radii of text": lambda columns: columns | {"radius": np.array(["large"] * 4)},
    }
    for name, change in refused.items():
        yield Case(f"voids/{name}", label(change), ["v.csv"])
    for name, settings in {
        "unknown key": {"raduis": 3},
        "unit": {"unit": "pc"},
        "hubble missing": {"unit": "Mpc"},
        "radius of text": {"minimum_radius": "large"},
        "radius above all": {"minimum_radius": 20},
        "three columns": {"columns": ["x", "y", "z"]},
    }.items():
        yield Case(f"voids/settings: {name}", label(lambda c: c, settings))

    def check(folder: Path) -> None:
        with open(folder / "out" / "l.rejected.csv", newline="") as file:
            (row,) = csv.DictReader(file)
        assert row["item"] == "row 2"

    for name, number in {"NaN": np.nan, "negative": -3.0, "infinite": np.inf}.items():
        yield Case(
            f"voids/one radius {name}", label(value("radius", number, slice(2, 3))), listed=check
        )


def cases() -> list[Case]:
    """Return all cases of catalogues."""
    parts = (
        of_any_format,
        of_text,
        of_hdf5,
        of_fits,
        of_parquet,
        of_fastfood,
        of_settings,
        of_voids,
    )
    return [case for part in parts for case in part()]
