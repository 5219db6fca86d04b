"""Bad bricks of a survey: images, catalogues, lists and folders."""

import csv
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.wcs import WCS

from cosmodag.tables import write_table
from tests.faults.corpus.case import GARBAGE, SPECIAL, Case, Words, special, truncated

BRICKS = ("0591m305", "0592m305", "0593m305", "0594m305", "0595m305")
BAD = BRICKS[2]
SIDE, ROWS = 120, 12


@cache
def _wcs() -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [59.1, -30.5], [SIDE / 2, SIDE / 2]
    wcs.wcs.cdelt = [-0.262 / 3600, 0.262 / 3600]
    return wcs


def objects(seed: int) -> pd.DataFrame:
    """Return emission-line galaxies, far from each other and from the edges."""
    rng = np.random.default_rng(seed)
    x, y = (grid.ravel()[:ROWS] for grid in np.meshgrid([20, 45, 70, 95], [20, 50, 90]))
    table = pd.DataFrame(
        {
            "objid": np.arange(ROWS),
            "type": "EXP",
            "brick_primary": True,
            "bx": x + rng.uniform(-2, 2, ROWS),
            "by": y + rng.uniform(-2, 2, ROWS),
            "shape_r": 0.6,
            "shape_e1": 0.1,
            "shape_e2": 0.1,
        }
    )
    for band, magnitude in zip("grz", (22.6, 22.3, 21.5)):
        table[f"flux_{band}"] = 10 ** (0.4 * (22.5 - magnitude))
        table[f"flux_ivar_{band}"] = 400.0
        table[f"mw_transmission_{band}"] = 0.95
        table[f"nobs_{band}"] = 3
        table[f"allmask_{band}"] = 0
        table[f"psfsize_{band}"] = 1.3
    return placed(table)


def placed(table: pd.DataFrame, shift: float = 0) -> pd.DataFrame:
    """Return objects moved by pixels along both axes, at their positions on the sky."""
    bx, by = table["bx"] + shift, table["by"] + shift
    ra, dec = _wcs().all_pix2world(bx, by, 0)
    return table.assign(bx=bx, by=by, ra=ra, dec=dec)


def write_survey(root: Path, n_bricks: int = len(BRICKS)) -> Path:
    """Write a survey of bricks with a run of injections each."""
    from cosmodag.injections.bricks.brick_catalogues import write_simcat, write_tractor
    from cosmodag.injections.bricks.brick_files import BrickFiles, write_brick_list
    from cosmodag.injections.bricks.brick_images import BrickImages, write_images

    names = BRICKS[:n_bricks]
    for number, name in enumerate(names):
        rng = np.random.default_rng(number)
        image = rng.normal(0, 0.05, (3, SIDE, SIDE)).astype(np.float32)
        images = BrickImages(
            tuple("grz"), image, np.full_like(image, 400), np.full(3, 1.3, np.float32), _wcs()
        )
        real, injected = objects(number), placed(objects(number + 50), 12)
        for run in (None, "rs0"):
            files = BrickFiles(root, name, run)
            write_images(files, images, lossless=True)
            table = real
            if run is not None:
                table = pd.concat([real, injected.assign(objid=injected["objid"] + ROWS)])
                simulated = injected[["ra", "dec"]].assign(
                    id=np.arange(ROWS), x=injected["bx"], y=injected["by"]
                )
                for band in "grz":
                    simulated[f"{band}flux"] = injected[f"flux_{band}"]
                write_simcat(files.simcat, simulated)
            write_tractor(files.tractor, table)
    ones = np.ones(n_bricks)
    write_brick_list(root / "survey-bricks.fits", list(names), 59.1 * ones, -30.5 * ones)
    return root


def select(folder: Path, *more: object) -> Words:
    """Return the command that selects objects."""
    out = folder / "out"
    files = ("--output", out / "objects.parquet", "--cuts", out / "cuts.csv")
    return ("injections", "select", folder / "in", *files, *more)


def cutouts(folder: Path, *more: object) -> Words:
    """Return the command that cuts the stamps of all objects."""
    tables = []
    for number, name in enumerate(BRICKS):
        real, injected = objects(number), placed(objects(number + 50), 12)
        for label, run, table in ((0, "", real), (1, "rs0", injected)):
            ids = [f"{name}/{run or 'real'}/{objid}" for objid in table["objid"]]
            tables.append(table.assign(id=ids, brick=name, run=run, label=label))
    path = folder / "objects.parquet"
    write_table(path, pd.concat(tables))
    return (
        *("injections", "cutouts", "--survey", folder / "in", "--objects", path, "--side", 16),
        *("--output", folder / "out" / "x.h5", "--scratch", folder / "scratch", *more),
    )


def files(folder: Path, run: str | None = None):
    """Return the paths of the bad brick."""
    from cosmodag.injections.bricks.brick_files import BrickFiles

    return BrickFiles(folder / "in", BAD, run)


@cache
def prepared() -> Path:
    """Return a survey that is written once, of which the cases get copies."""
    return write_survey(Path(tempfile.mkdtemp(prefix="survey")))


def changed(
    change: Callable[[Path], object], command: Callable[..., Words] = select, *more: object
) -> Callable[[Path], Words]:
    """Return a maker of a survey of which something is changed."""

    def make(folder: Path) -> Words:
        shutil.copytree(prepared(), folder / "in")
        change(folder)
        return command(folder, *more)

    return make


def rewritten(path: Path, change: Callable[[fits.HDUList], object]) -> None:
    """Rewrite a FITS file after a change."""
    with fits.open(path, memmap=False) as file:
        result = change(file)
        path.unlink()
        (result if isinstance(result, fits.HDUList) else file).writeto(path)


def column(name: str, value: object, rows: slice = slice(None)) -> Callable[[fits.HDUList], None]:
    """Return a change of values in a table."""
    return lambda file: file[1].data[name].__setitem__(rows, value)


def table_with(**columns: Callable[[pd.DataFrame], object]) -> Callable[[fits.HDUList], object]:
    """Return a change of the columns of a table; None removes a column."""

    def change(file: fits.HDUList) -> fits.HDUList:
        kept = [c for c in file[1].columns if c.name not in columns]
        new = []
        for name, values in columns.items():
            if values is not None:
                array = np.asarray(values(len(file[1].data)))
                form = {"f": "D", "U": "8A", "c": "M", "i": "K"}[array.dtype.kind]
                form = f"{array.shape[1]}{form}" if array.ndim > 1 else form
                new.append(fits.Column(name, form, array=array))
        data = fits.BinTableHDU.from_columns([*kept, *new])
        return fits.HDUList([fits.PrimaryHDU(), data])

    return change


def plane(value: float, pixels: tuple) -> Callable[[fits.HDUList], None]:
    """Return a change of pixels of a plane."""

    def change(file: fits.HDUList) -> fits.HDUList:
        values, header = file[1].data.copy(), file[1].header
        values[pixels] = value
        hdu = fits.CompImageHDU(
            values, header, compression_type="GZIP_1", quantize_level=0.0, tile_shape=(60, 60)
        )
        return fits.HDUList([fits.PrimaryHDU(), hdu])

    return change


def listed(word: str, command: str = "select") -> Callable[[Path], None]:
    """Return a check that the bad brick is listed and that the others are used."""

    def check(folder: Path) -> None:
        product = "objects" if command == "select" else "x"
        with open(folder / "out" / f"{product}.rejected.csv", newline="") as file:
            (row,) = csv.DictReader(file)
        assert row["item"] == f"brick {BAD}", row
        assert word in row["reason"], row
        others = {name for name in BRICKS if name != BAD}
        if command == "select":
            table = pd.read_parquet(folder / "out" / "objects.parquet")
            assert set(table["brick"]) == others
            assert table["label"].value_counts().to_dict() == {0: 48, 1: 48}
            return
        with h5py.File(folder / "out" / "x.h5") as file:
            assert file.attrs["n_rejected_bricks"] == 1
            assert {name.decode() for name in file["index/brick"][:]} == others
            assert len(file["x"]) == 96
            assert np.isfinite(file["x"][:]).all()

    return check


def objects_listed(reason: str) -> Callable[[Path], None]:
    """Return a check that an object is listed and that the others are used."""

    def check(folder: Path) -> None:
        with open(folder / "out" / "objects.rejected.csv", newline="") as file:
            (row,) = csv.DictReader(file)
        assert BAD in row["file"], row
        assert row["item"] == "row 3", row
        assert reason in row["reason"], row
        table = pd.read_parquet(folder / "out" / "objects.parquet")
        assert (table["label"] == 0).sum() == 59

    return check


def of_catalogues() -> Iterator[Case]:
    """Yield bricks whose catalogue cannot be used."""
    rows = slice(3, 4)
    changes = {
        "all positions outside": (column("bx", 4000), "outside the image"),
        "all positions of NaN": (column("by", np.nan), "by is not finite"),
        "equal ids": (column("objid", 5, slice(0, 2)), "must be unique"),
        "no object": (lambda file: setattr(file[1], "data", file[1].data[:0]), "no object"),
        "fluxes in Jy": (
            lambda file: setattr(file[1].columns["flux_r"], "unit", "Jy"),
            "nanomaggies",
        ),
        "no column bx": (table_with(bx=None), "'bx'"),
        "bx of text": (table_with(bx=lambda n: np.full(n, "left")), "text"),
        "bx complex": (table_with(bx=lambda n: np.ones(n) + 1j), "bx"),
        "flux of vectors": (table_with(flux_r=lambda n: np.ones((n, 6))), "flux_r"),
        "no table": (lambda file: fits.HDUList([file[0]]), ""),
        "an image": (
            lambda file: fits.HDUList([file[0], fits.ImageHDU(np.ones((3, 3)))]),
            "",
        ),
    }
    for name, (change, word) in changes.items():
        yield Case(
            f"bricks/catalogue: {name}",
            changed(lambda f, c=change: rewritten(files(f).tractor, c)),
            listed=listed(word),
        )
    for name, (change, word) in {
        "a position of NaN": (column("bx", np.nan, rows), "bx is not finite"),
        "a position infinite": (column("ra", np.inf, rows), "ra is not finite"),
        "a position outside": (column("by", -30, rows), "by -30.0 lie outside"),
    }.items():
        yield Case(
            f"bricks/catalogue: {name}",
            changed(lambda f, c=change: rewritten(files(f).tractor, c)),
            listed=objects_listed(word),
        )
    simulated = {
        "injections: equal ids": (column("id", 5, slice(0, 2)), "must be unique"),
        "injections: x of NaN": (column("x", np.nan), "x is not finite"),
        "injections: no column y": (table_with(y=None), "'y'"),
    }
    for name, (change, word) in simulated.items():
        yield Case(
            f"bricks/{name}",
            changed(lambda f, c=change: rewritten(files(f, "rs0").simcat, c)),
            listed=listed(word),
        )
    yield Case(
        "bricks/catalogue of a run cut",
        changed(lambda f: truncated(files(f, "rs0").tractor, 0.5)),
        listed=listed("truncated"),
    )

    def all_shifted(folder: Path) -> None:
        for brick in BRICKS[:4]:
            path = files(folder)._replace(brick=brick).tractor
            rewritten(path, column("bx", 4000))

    yield Case("bricks/most catalogues outside", changed(all_shifted), ["4 of 5 bricks", "outside"])


def of_images() -> Iterator[Case]:
    """Yield bricks whose images cannot be used, for the selection and for cutouts."""
    pixel = (slice(3, 4), slice(3, 4))
    changes = {
        "of NaN": (plane(np.nan, pixel), "NaN or infinite"),
        "infinite": (plane(np.inf, pixel), "NaN or infinite"),
        "in Jy": (lambda file: file[1].header.__setitem__("BUNIT", "Jy"), "'Jy'"),
        "of another shape": (
            lambda file: fits.HDUList(
                [file[0], fits.CompImageHDU(file[1].data[:100].copy(), file[1].header)]
            ),
            "",
        ),
        "one axis": (
            lambda file: fits.HDUList([file[0], fits.ImageHDU(np.ones(4, "f4"))]),
            "",
        ),
        "no image": (lambda file: fits.HDUList([file[0]]), ""),
    }
    for name, (change, word) in changes.items():
        for quantity in ("image", "invvar"):
            for command in ("select", "cutouts"):
                if command == "select" and name == "of another shape":
                    continue
                yield Case(
                    f"bricks/{quantity} {name}, {command}",
                    changed(
                        lambda f, c=change, q=quantity: rewritten(files(f).coadd(q, "r"), c),
                        globals()[command],
                    ),
                    listed=listed(word, command),
                )
    for name, (value, word) in {
        "zero everywhere": (0.0, "0 everywhere"),
        "negative": (-9000.0, "negative"),
    }.items():
        where = (slice(None),) * 2 if value == 0 else pixel
        yield Case(
            f"bricks/invvar {name}",
            changed(
                lambda f, v=value, w=where: rewritten(files(f).coadd("invvar", "r"), plane(v, w))
            ),
            listed=listed(word),
        )
    for band in ("g", "z"):
        yield Case(
            f"bricks/image {band} missing, cutouts",
            changed(lambda f, b=band: files(f).coadd("image", b).unlink(), cutouts),
            listed=listed("no such file", "cutouts"),
        )
    for kind in SPECIAL:
        for command in ("select", "cutouts"):
            yield Case(
                f"bricks/image {kind}, {command}",
                changed(
                    lambda f, k=kind: special(files(f).coadd("image", "r"), k), globals()[command]
                ),
                listed=listed("", command),
            )
    for kind, content in GARBAGE.items():
        yield Case(
            f"bricks/image {kind}",
            changed(lambda f, c=content: files(f).coadd("invvar", "r").write_bytes(c)),
            listed=listed(""),
        )
    for fraction in (0.1, 0.5, 0.95):
        for command in ("select", "cutouts"):
            yield Case(
                f"bricks/image cut at {fraction:g}, {command}",
                changed(
                    lambda f, x=fraction: truncated(files(f).coadd("image", "r"), x),
                    globals()[command],
                ),
                listed=listed("", command),
            )
    for kind in ("pipe", "device", "gone", "loop"):
        yield Case(
            f"bricks/catalogue {kind}",
            changed(lambda f, k=kind: special(files(f).tractor, k)),
            listed=listed(""),
        )


def of_lists() -> Iterator[Case]:
    """Yield lists of bricks and settings that cannot be used."""

    def names(content: bytes, name: str = "bricks.txt") -> Callable[[Path], Words]:
        def make(folder: Path) -> Words:
            shutil.copytree(prepared(), folder / "in")
            (folder / name).write_bytes(content)
            return select(folder, "--bricks", folder / name)

        return make

    first = BRICKS[0].encode()
    for name, content in {
        "empty": b"",
        "of nothing": b"\n\n",
        "with a brick twice": first + b"\n" + first,
        "with another name": first + b"\nbrick5",
        "with a path": first + b"\n../../etc",
        "of bytes": b"\xff\xfe",
        "of a null": first + b"\0",
    }.items():
        yield Case(f"bricks/list {name}", names(content), ["bricks.txt"])
    for name, content in {
        "CSV empty": b"",
        "CSV of another column": b"name\n" + first,
        "CSV of bytes": b"\xff\xfe",
        "CSV with a brick twice": b"brickname\n" + first + b"\n" + first,
    }.items():
        yield Case(f"bricks/list {name}", names(content, "bricks.csv"), ["bricks.csv"])
    for kind, content in GARBAGE.items():
        yield Case(f"bricks/list FITS of {kind}", names(content, "b.fits"), ["b.fits"])
    for kind in SPECIAL:
        yield Case(
            f"bricks/list {kind}",
            changed(lambda f, k=kind: special(f / "in" / "survey-bricks.fits", k)),
            ["survey-bricks.fits"],
        )
    for name, more in {
        "more batches than bricks": ("--batch", 7, "--batches", 9),
        "batches of 0": ("--batches", 0),
        "batch negative": ("--batch", -1),
        "first pixel of 2": ("--first-pixel", 2),
        "radius of NaN": ("--match-radius", "nan"),
        "radius negative": ("--match-radius", -3),
        "range of NaN": ("--g", "[NaN, 24]"),
        "range of one": ("--g", "[24]"),
        "range reversed": ("--g", "[24, 20]"),
        "type unknown": ("--excluded-types", '["STAR"]'),
        "run unknown": ("--runs", '["run0"]'),
        "run missing": ("--runs", '["rs7"]'),
        "survey missing": ("--survey-name", "dr99"),
    }.items():
        yield Case(f"bricks/{name}", changed(lambda f: None, select, *more))
    for name, more in {
        "side of 0": ("--side", 0),
        "side of the image": ("--side", 400),
        "bands unknown": ("--bands", '["u"]'),
        "bands twice": ("--bands", '["g", "g"]'),
        "edges unknown": ("--edges", "wrap"),
    }.items():
        yield Case(f"bricks/cutouts: {name}", changed(lambda f: None, cutouts, *more))

    def spoiled(change: Callable[[pd.DataFrame], object]) -> Callable[[Path], Words]:
        def make(folder: Path) -> Words:
            shutil.copytree(prepared(), folder / "in")
            words = cutouts(folder)
            path = folder / "objects.parquet"
            result = change(pd.read_parquet(path))
            if isinstance(result, bytes):
                path.write_bytes(result)
            else:
                write_table(path, result)
            return words

        return make

    for name, change in {
        "twice": lambda table: pd.concat([table, table[:1]]),
        "none": lambda table: table[:0],
        "without positions": lambda table: table.drop(columns="bx"),
        "without ids": lambda table: table.drop(columns="id"),
        "all outside": lambda table: table.assign(bx=table["bx"] + 4000),
        "positions of NaN": lambda table: table.assign(bx=np.nan),
        "positions of text": lambda table: table.assign(bx="left"),
        "bricks of numbers": lambda table: table.assign(brick=5),
        "no Parquet": lambda table: b"no Parquet",
        "cut Parquet": lambda table: b"PAR1" + b"\0" * 100,
    }.items():
        yield Case(f"bricks/objects {name}", spoiled(change))


def single_image() -> tuple[fits.HDUList, fits.HDUList]:
    """Return an image of noise with its inverse variance, and its point-spread function."""
    rng = np.random.default_rng(3)
    hdus, psfs = fits.HDUList([fits.PrimaryHDU()]), fits.HDUList([fits.PrimaryHDU()])
    for band in "grz":
        for kind in ("image", "invvar"):
            values = rng.normal(0, 0.05, (SIDE, SIDE)) if kind == "image" else 400.0
            hdu = fits.ImageHDU(
                np.broadcast_to(values, (SIDE, SIDE)).astype("f4"), _wcs().to_header()
            )
            hdu.header["BAND"], hdu.header["IMAGETYP"] = band, kind
            hdus.append(hdu)
        x = np.arange(31) - 15
        profile = np.exp(-(x**2 + x[:, None] ** 2) / 8).astype("f4")
        psfs.append(fits.ImageHDU(profile))
        psfs[-1].header["BAND"] = band
    return hdus, psfs


def of_single_images() -> Iterator[Case]:
    """Yield cutouts of a survey with its inverse variance that cannot be used."""

    def observe(
        change: Callable[[list], object], psf: Callable[[list], object] = lambda hdus: None
    ) -> Callable[[Path], Words]:
        def make(folder: Path) -> Words:
            (folder / "in").mkdir()
            (_, *hdus), (_, *psfs) = single_image()
            for name, planes, spoil in (("i.fits", hdus, change), ("p.fits", psfs, psf)):
                content = spoil(planes)
                path = folder / "in" / name
                if isinstance(content, bytes):
                    path.write_bytes(content)
                else:
                    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(path)
            return (
                *("injections", "observe", "--image", folder / "in" / "i.fits"),
                *("--psf", folder / "in" / "p.fits", "--brick", BAD),
                *("--output", folder / "out" / "survey"),
            )

        return make

    def spoil(place: int, **cards: object) -> Callable[[list], None]:
        return lambda hdus: hdus[place].header.update(cards)

    def pixels(place: int, value: float) -> Callable[[list], None]:
        return lambda hdus: hdus[place].data.__setitem__((slice(2, 9), slice(2, 9)), value)

    def data(place: int, values: np.ndarray) -> Callable[[list], None]:
        return lambda hdus: setattr(hdus[place], "data", values)

    image = {
        "no band": spoil(0, BAND="q"),
        "no kind": spoil(1, IMAGETYP="dq"),
        "NaN": pixels(2, np.nan),
        "invvar of NaN": pixels(3, np.nan),
        "invvar negative": pixels(3, -9e4),
        "invvar of zero": data(3, np.zeros((SIDE, SIDE), "f4")),
        "another shape": data(2, np.ones((30, 30), "f4")),
        "three axes": data(2, np.ones((2, 30, 30), "f4")),
        "another unit": spoil(2, BUNIT="Jy"),
        "no HDU": lambda hdus: hdus.clear(),
        "no coordinates": lambda hdus: (
            [[hdu.header.remove(k) for k in ("CTYPE1", "CTYPE2")] for hdu in hdus] and None
        ),
        "nothing": lambda hdus: b"",
        "noise": lambda hdus: GARBAGE["noise"],
    }
    for name, change in image.items():
        yield Case(f"observed image/{name}", observe(change), ["i.fits"])
    point = {
        "no band": spoil(0, BAND="q"),
        "NaN": pixels(1, np.nan),
        "zeros": data(1, np.zeros((31, 31), "f4")),
        "even side": lambda hdus: (
            [setattr(h, "data", np.ones((30, 30), "f4")) for h in hdus] and None
        ),
        "another shape": data(1, np.ones((29, 29), "f4")),
        "one axis": data(1, np.ones(31, "f4")),
        "nothing": lambda hdus: b"",
    }
    for name, change in point.items():
        yield Case(f"observed image/psf: {name}", observe(lambda hdus: None, change))


def cases() -> list[Case]:
    """Return all cases of bricks."""
    return [*of_catalogues(), *of_images(), *of_lists(), *of_single_images()]
