"""Bad images of galaxies: FITS, pictures, HDF5 and lists."""

import csv
import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
from astropy.io import fits
from PIL import Image

from cosmodag.galaxies.stamps.path_list import read_path_list
from tests.faults.corpus.case import GARBAGE, SPECIAL, Case, Words, special, truncated

SIDE = 24
CUBE = np.random.default_rng(0).normal(size=(3, SIDE, SIDE)).astype(np.float32)
GOOD = ("good0", "good1", "good2", "good3")


def write_good(folder: Path) -> None:
    """Write good images."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(GOOD):
        fits.PrimaryHDU(CUBE + number).writeto(folder / f"{name}.fits")


def write_fits(path: Path, cube: np.ndarray = CUBE, **cards: object) -> Path:
    """Write an image with cards in its header."""
    hdu = fits.PrimaryHDU(cube)
    hdu.header.update(cards)
    hdu.writeto(path)
    return path


def patched(old: bytes, new: bytes, cube: np.ndarray = CUBE) -> Callable[[Path], Path]:
    """Return a maker of an image with other bytes in its header."""

    def make(folder: Path) -> Path:
        path = write_fits(folder / "bad.fits", cube)
        content = path.read_bytes()
        assert content.count(old), old
        path.write_bytes(content.replace(old, new, 1))
        return path

    return make


def filtered(folder: Path) -> Words:
    """Return the command that lists the images of a folder."""
    out = folder / "out"
    lists = ("--accepted", out / "accepted.txt", "--rejected", out / "rejected.tsv")
    return (
        "galaxies",
        "filter",
        "--path",
        folder / "in",
        "--shape",
        f"[3, {SIDE}, {SIDE}]",
        *lists,
    )


def cutouts(folder: Path, bands: str = "grz") -> Words:
    """Return the command that cuts all images of a folder."""
    paths = sorted(path for path in (folder / "in").iterdir())
    listed = folder / "list.txt"
    listed.write_text("".join(f"{path}\n" for path in paths))
    files = {"bands": list(bands), "pixel": 0.262}
    return (
        *("galaxies", "cutouts", "--stamps", listed, "--files", json.dumps(files)),
        *("--side", SIDE, "--output", folder / "out" / "x.h5"),
    )


def header(path: Path, **images: object) -> Path:
    """Write an HDF5 file of datasets."""
    with h5py.File(path, "w") as file:
        for name, values in images.items():
            if isinstance(values, h5py.VirtualLayout):
                file.create_virtual_dataset(name, values, fillvalue=0)
            elif values is None:
                file.create_group(name)
            else:
                file[name] = values
    return path


def virtual() -> h5py.VirtualLayout:
    """Return a virtual dataset whose source is gone."""
    layout = h5py.VirtualLayout((2, 3, SIDE, SIDE), "f4")
    layout[:] = h5py.VirtualSource("gone.h5", "images", (2, 3, SIDE, SIDE))
    return layout


def picture(path: Path, mode: str = "RGB", **save: object) -> Path:
    """Write a picture of noise."""
    rng = np.random.default_rng(2)
    kind = {"I;16": np.uint16, "L": np.uint8, "1": np.uint8}.get(mode)
    if kind is not None:
        values = Image.fromarray(rng.integers(0, 250, (SIDE, SIDE)).astype(kind))
        values = values.convert("1") if mode == "1" else values
    else:
        values = Image.fromarray(rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8)).convert(mode)
    values.save(path, **save)
    return path


def cut_picture(folder: Path, name: str) -> Path:
    """Write half of a picture."""
    return truncated(picture(folder / name), 0.5)


def packed(folder: Path, fraction: float) -> Path:
    """Write an image compressed by gzip, and cut it."""
    path = write_fits(folder / "raw.fits")
    bad = folder / "bad.fits.gz"
    bad.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return truncated(bad, fraction)


def endless(folder: Path) -> Path:
    """Write a small gzip file of a header without end."""
    path = folder / "bad.fits.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"SIMPLE  =                    T".ljust(80))
        for _ in range(100):
            file.write(b" " * 1_000_000)
    return path


def tiles(folder: Path, **cards: object) -> Path:
    """Write an image compressed by tiles whose header is changed."""
    path = folder / "bad.fits.fz"
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(CUBE)]).writeto(path)
    with fits.open(path, mode="update", disable_image_compression=True) as file:
        file[1].header.update(cards)
    return path


def short_tile(folder: Path) -> Path:
    """Write an image compressed by tiles, of which the first is cut to a byte."""
    path = folder / "bad.fits.fz"
    compressed = fits.CompImageHDU(CUBE, compression_type="RICE_1", quantize_level=16)
    fits.HDUList([fits.PrimaryHDU(), compressed]).writeto(path)
    with fits.open(path, disable_image_compression=True) as file:
        start = file[1].fileinfo()["datLoc"]
    content = bytearray(path.read_bytes())
    content[start : start + 4] = (1).to_bytes(4, "big")
    path.write_bytes(content)
    return path


IN_HEADER: dict[str, tuple[Callable[[Path], object], str]] = {
    "negative NAXIS": (
        patched(b"NAXIS   =                    3", b"NAXIS   =                   -3"),
        "NAXIS",
    ),
    "negative NAXIS1": (
        patched(b"NAXIS1  =                   24", b"NAXIS1  =                  -24"),
        "NAXIS1",
    ),
    "negative NAXIS3": (
        patched(b"NAXIS3  =                    3", b"NAXIS3  =                   -3"),
        "NAXIS3",
    ),
    "huge NAXIS1": (
        patched(b"NAXIS1  =                   24", b"NAXIS1  =        9999999999999"),
        "truncated",
    ),
    "NAXIS1 of text": (
        patched(b"NAXIS1  =                   24", b"NAXIS1  =                 many"),
        "NAXIS1",
    ),
    "zero NAXIS1": (
        patched(b"NAXIS1  =                   24", b"NAXIS1  =                    0"),
        "",
    ),
    "NAXIS missing": (patched(b"NAXIS   =", b"NOAXIS  ="), "NAXIS"),
    "unknown BITPIX": (
        patched(b"BITPIX  =                  -32", b"BITPIX  =                  -33"),
        "BITPIX",
    ),
    "BITPIX missing": (patched(b"BITPIX  =", b"BITTPIX ="), "BITPIX"),
    "no SIMPLE": (patched(b"SIMPLE  =", b"SAMPLE  ="), "not a FITS file"),
    "no END": (patched(b"END" + b" " * 77, b" " * 80), ""),
    "negative PCOUNT": (lambda f: write_fits(f / "bad.fits", PCOUNT=-99999), "PCOUNT"),
    "negative GCOUNT": (lambda f: write_fits(f / "bad.fits", GCOUNT=-1), "GCOUNT"),
    "BSCALE of zero": (lambda f: write_fits(f / "bad.fits", BSCALE=0.0), "BSCALE"),
    "BSCALE of NaN": (
        lambda f: patched_card(f, b"BSCALE  =                  NaN"),
        "BSCALE",
    ),
    "BZERO infinite": (lambda f: patched_card(f, b"BZERO   =              1.0E999"), "BZERO"),
    "CRVAL of NaN": (
        lambda f: patched_card(f, b"CRVAL1  =                  NaN"),
        "CRVAL1",
    ),
    "CRVAL of text": (
        lambda f: write_fits(f / "bad.fits", CTYPE1="RA---TAN", CRVAL1="here", CRVAL2=0.0),
        "corrupt",
    ),
    "CRVAL2 of 120 degrees": (
        lambda f: write_fits(f / "bad.fits", CTYPE1="RA---TAN", CRVAL1=1.0, CRVAL2=120.0),
        "CRVAL2",
    ),
    "another unit": (lambda f: write_fits(f / "bad.fits", BUNIT="Jy/beam"), "Jy/beam"),
    "two axes": (lambda f: write_fits(f / "bad.fits", CUBE[0]), "1 bands instead of 3"),
    "four axes": (lambda f: write_fits(f / "bad.fits", np.stack([CUBE] * 2)), "2 × 3 × 24 × 24"),
    "no image": (lambda f: write_fits(f / "bad.fits", None), "no image"),
    "five bands": (lambda f: write_fits(f / "bad.fits", np.ones((5, SIDE, SIDE), "f4")), "5 bands"),
    "other bands": (lambda f: write_fits(f / "bad.fits", BANDS="ugr"), "u, g, r"),
    "another size": (lambda f: write_fits(f / "bad.fits", CUBE[:, :20]), "3 × 20 × 24"),
    "cut at 0.3": (lambda f: truncated(write_fits(f / "bad.fits"), 0.3), "truncated"),
    "cut at 0.9": (lambda f: truncated(write_fits(f / "bad.fits"), 0.7), "truncated"),
    "gzip cut at 0.5": (lambda f: packed(f, 0.5), "truncated"),
    "gzip cut at 0.99": (lambda f: packed(f, 0.99), ""),
    "gzip that expands": (endless, "END"),
    "tiles of negative ZNAXIS": (lambda f: tiles(f, ZNAXIS1=-24), "ZNAXIS1"),
    "tiles of huge ZNAXIS": (lambda f: tiles(f, ZNAXIS1=2_000_000_000), "tiles"),
    "tiles of huge ZNAXIS and ZTILE": (
        lambda f: tiles(f, ZNAXIS1=2_000_000_000, ZTILE1=2_000_000_000),
        "ZNAXIS1",
    ),
    "tiles of zero": (lambda f: tiles(f, ZTILE1=0), "ZTILE1"),
    "a table": (
        lambda f: fits.BinTableHDU.from_columns([fits.Column("x", "D", array=[1.0])]).writeto(
            f / "bad.fits"
        ),
        "no image",
    ),
    "HDF5 group": (lambda f: header(f / "bad.h5", images=None), "group"),
    "HDF5 without the dataset": (lambda f: header(f / "bad.h5", pictures=CUBE), "images"),
    "HDF5 of three axes": (lambda f: header(f / "bad.h5", images=CUBE), "3 axes"),
    "HDF5 of text": (
        lambda f: header(f / "bad.h5", images=np.full((1, 3, 2, 2), b"a")),
        "images",
    ),
    "HDF5 of complex numbers": (lambda f: header(f / "bad.h5", images=CUBE[None] + 1j), "complex"),
    "HDF5 without images": (lambda f: header(f / "bad.h5", images=CUBE[None][:0]), "no pixels"),
    "HDF5 virtual, source gone": (lambda f: header(f / "bad.h5", images=virtual()), "gone.h5"),
    "HDF5 external link, gone": (
        lambda f: header(f / "bad.h5", images=h5py.ExternalLink("nope.h5", "images")),
        "nope.h5",
    ),
    "HDF5 of wrong bands": (lambda f: bands_attribute(f, ["g", "r"]), "names g, r"),
    "HDF5 of equal bands": (lambda f: bands_attribute(f, ["g", "g", "z"]), "names g, g, z"),
    "HDF5 never written": (lambda f: unwritten(f), "never written"),
    "alpha channel": (lambda f: picture(f / "bad.png", "RGBA"), "alpha"),
    "grey picture": (lambda f: picture(f / "bad.png", "L"), "1 bands instead of 3"),
    "picture of 16 bits": (lambda f: picture(f / "bad.png", "I;16"), "1 bands"),
    "picture of one bit": (lambda f: picture(f / "bad.png", "1"), "mode is 1"),
    "CMYK": (lambda f: picture(f / "bad.jpg", "CMYK"), "CMYK"),
    "GIF named PNG": (lambda f: picture(f / "bad.png", format="GIF"), ""),
    "BMP named PNG": (lambda f: picture(f / "bad.png", format="BMP"), "BMP"),
    "cut PNG": (lambda f: cut_picture(f, "bad.png"), "truncated"),
    "cut JPEG": (lambda f: cut_picture(f, "bad.jpg"), "truncated"),
}


def patched_card(folder: Path, card: bytes) -> Path:
    """Write an image with a position, of which one card is replaced."""
    path = write_fits(
        folder / "bad.fits",
        CTYPE1="RA---TAN",
        CTYPE2="DEC--TAN",
        CRVAL1=1.0,
        CRVAL2=2.0,
        OBJECT="a",
    )
    content = path.read_bytes()
    start = content.find(card[:9])
    start = content.find(b"OBJECT  =") if start < 0 else start
    path.write_bytes(content[:start] + card.ljust(80) + content[start + 80 :])
    return path


def bands_attribute(folder: Path, bands: list[str]) -> Path:
    """Write HDF5 images with an attribute of bands."""
    path = header(folder / "bad.h5", images=CUBE[None])
    with h5py.File(path, "r+") as file:
        file["images"].attrs["bands"] = bands
    return path


def unwritten(folder: Path) -> Path:
    """Write a dataset of images that was created only."""
    path = folder / "bad.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("images", (2, 3, SIDE, SIDE), "f4")
    return path


def rejected(word: str) -> Callable[[Path], None]:
    """Return a check that the filter lists the bad file with the reason, and accepts the others."""

    def check(folder: Path) -> None:
        accepted = read_path_list(folder / "out" / "accepted.txt")
        assert [Path(path).stem for path in accepted] == list(GOOD), accepted
        (line,) = (folder / "out" / "rejected.tsv").read_text().splitlines()
        path, _, reason = line.partition("\t")
        assert "bad." in path, line
        assert word in reason, line

    return check


def all_accepted(folder: Path) -> None:
    """Check that the filter accepts each good file once and rejects none."""
    accepted = read_path_list(folder / "out" / "accepted.txt")
    assert [Path(path).stem for path in accepted] == list(GOOD), accepted
    assert not (folder / "out" / "rejected.tsv").read_text()


def of_good(change: Callable[[Path], object]) -> Callable[[Path], Words]:
    """Return a maker of a folder of good images that is changed, for the filter."""

    def make(folder: Path) -> Words:
        write_good(folder / "in")
        change(folder / "in")
        return filtered(folder)

    return make


def left_out(word: str, n_items: int = 1) -> Callable[[Path], None]:
    """Return a check that cutouts list the bad image with the reason, and use the others."""

    def check(folder: Path) -> None:
        with open(folder / "out" / "x.rejected.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows
        assert all("bad" in row["file"] + row["item"] for row in rows), rows
        assert word in rows[0]["reason"], rows
        with h5py.File(folder / "out" / "x.h5") as file:
            assert file.attrs["n_rejected_stamps"] == n_items
            assert [name.decode()[:5] for name in file["index/id"][:]] == list(GOOD)
            expected = np.stack([CUBE + number for number in range(4)]) / np.float32(0.003)
            assert np.array_equal(np.moveaxis(file["x"][:], -1, 1), expected), "pixels differ"

    return check


def in_a_folder(name: str, make: Callable[[Path], object], word: str) -> Iterator[Case]:
    """Yield a bad image among good ones, for the filter and for cutouts."""

    def through(command: Callable[[Path], Words]) -> Callable[[Path], Words]:
        def write(folder: Path) -> Words:
            write_good(folder / "in")
            make(folder / "in")
            return command(folder)

        return write

    yield Case(f"stamps/{name}", through(filtered), listed=rejected(word))
    if name in ALSO_CUTOUTS:
        word = "" if name == "other bands" else word
        yield Case(f"cutouts/{name}", through(cutouts), listed=left_out(word))


ALSO_CUTOUTS = {
    *("negative NAXIS", "huge NAXIS1", "negative PCOUNT", "BSCALE of zero", "CRVAL of NaN"),
    *("another unit", "cut at 0.3", "gzip cut at 0.99", "HDF5 group", "HDF5 virtual, source gone"),
    *("HDF5 external link, gone", "cut PNG", "other bands", "alpha channel"),
}
"""Faults that are also tried on the command that reads pixels, as if a file changed later."""


def of_pixels() -> Iterator[Case]:
    """Yield images whose pixels cannot be used."""

    def tile(folder: Path) -> Words:
        write_good(folder / "in")
        short_tile(folder / "in")
        return cutouts(folder)

    yield Case("cutouts/a tile that is cut", tile, listed=left_out(""))

    def spoiled(value: float, pixels: tuple = (1, slice(3, None))) -> Callable[[Path], Words]:
        def make(folder: Path) -> Words:
            write_good(folder / "in")
            cube = CUBE.copy()
            cube[pixels] = value
            write_fits(folder / "in" / "bad.fits", cube)
            return cutouts(folder)

        return make

    for value in (np.nan, np.inf, -np.inf):
        yield Case(f"cutouts/pixels of {value}", spoiled(value), listed=left_out("504 pixels"))
    yield Case("cutouts/all pixels of NaN", spoiled(np.nan, (...,)), listed=left_out("1728 pixels"))

    def only_bad(folder: Path) -> Words:
        (folder / "in").mkdir()
        for number in range(9):
            write_fits(folder / "in" / f"bad{number}.fits", CUBE * np.nan)
        return cutouts(folder)

    yield Case("cutouts/all images of NaN", only_bad, ["bad0.fits", "9 of 9"])

    def half_bad(folder: Path) -> Words:
        write_good(folder / "in")
        for number in range(4):
            write_fits(folder / "in" / f"bad{number}.fits", CUBE * np.nan)
        return cutouts(folder)

    yield Case("cutouts/half of the images of NaN", half_bad, ["bad0.fits", "max_rejected"])

    def blank(folder: Path) -> Words:
        write_good(folder / "in")
        values = np.rint(100 * CUBE).astype(np.int16)
        values[0, :13] = -999
        write_fits(folder / "in" / "bad.fits", values, BLANK=-999)
        return cutouts(folder)

    yield Case("cutouts/undefined integers", blank, listed=left_out("312 pixels"))

    def one_of_stack(folder: Path) -> Words:
        write_good(folder / "in")
        images = np.stack([CUBE * np.nan, CUBE * np.nan])
        header(folder / "in" / "bad.h5", images=images)
        return cutouts(folder)

    yield Case("cutouts/images of NaN in HDF5", one_of_stack, listed=left_out("1728 pixels", 2))


def of_files() -> Iterator[Case]:
    """Yield files that are no images, folders and lists."""
    for suffix in ("fits", "fits.gz", "png", "jpg", "h5"):
        for kind, content in GARBAGE.items():
            yield from in_a_folder(
                f"{suffix} of {kind}",
                lambda f, s=suffix, c=content: (f / f"bad.{s}").write_bytes(c),
                "",
            )
        for kind in SPECIAL:
            if kind == "folder":
                continue
            yield from in_a_folder(
                f"{suffix}: {kind}", lambda f, s=suffix, k=kind: special(f / f"bad.{s}", k), ""
            )

    for kind, name in {"two lines": "bad.\n.fits", "bytes": os.fsdecode(b"bad.\xff.fits")}.items():
        yield Case(
            f"stamps/a file name of {kind}",
            of_good(lambda images, name=name: write_fits(images / name)),
            listed=rejected("its path"),
        )
    yield Case(
        "stamps/a folder linked into itself",
        of_good(lambda images: (images / "a").symlink_to(images)),
        listed=all_accepted,
    )

    def folder_without(folder: Path) -> Words:
        (folder / "in").mkdir()
        (folder / "in" / "notes.txt").write_text("no images")
        return filtered(folder)

    yield Case("stamps/a folder without images", folder_without, ["in", "no file that ends"])
    yield Case("stamps/no folder", filtered, ["in"])

    def listing(content: bytes | None, *more: object) -> Callable[[Path], Words]:
        def make(folder: Path) -> Words:
            write_good(folder / "in")
            words = cutouts(folder)
            if content is not None:
                (folder / "list.txt").write_bytes(content)
            return (*words, *more)

        return make

    for name, content in {
        "an empty list": b"",
        "a list of nothing": b"\n\n\n",
        "a list of missing files": b"/nowhere/a.fits\n/nowhere/b.fits\n",
        "a list of bytes": b"\xff\xfe\x00",
        "a list of a null": b"a\0b.fits\n",
        "a list of no images": b"/etc/passwd\n",
    }.items():
        yield Case(f"cutouts/{name}", listing(content), ["list.txt"])
    for name, files in {
        "no bands": {"pixel": 0.2},
        "no pixel": {"bands": ["g", "r", "z"]},
        "unknown key": {"bands": ["g", "r", "z"], "pixel": 0.2, "pixels": 3},
        "pixel of NaN": {"bands": ["g", "r", "z"], "pixel": float("nan")},
        "pixel negative": {"bands": ["g", "r", "z"], "pixel": -0.2},
        "pixel of text": {"bands": ["g", "r", "z"], "pixel": "small"},
        "share of 3": {"bands": ["g", "r", "z"], "pixel": 0.2, "max_rejected": 3},
        "psf infinite": {"bands": ["g", "r", "z"], "pixel": 0.2, "psf": float("inf")},
        "a band twice": {"bands": ["g", "g", "z"], "pixel": 0.2},
        "a list": [1, 2],
    }.items():
        yield Case(f"cutouts/format: {name}", listing(None, "--files", json.dumps(files)))
    for name, more in {
        "side of 0": ("--side", 0),
        "side of text": ("--side", "large"),
        "flux unit of NaN": ("--flux-unit", "nan"),
        "flux unit negative": ("--flux-unit", -1),
        "unknown condition": ("--conditions", '["seeing"]'),
        "condition unknown": ("--conditions", '["psf"]'),
        "padding unknown": ("--padding", "mirror"),
        "batch beyond": ("--batch", 9, "--batches", 9),
        "batches of 0": ("--batches", 0),
        "batch negative": ("--batch", -1),
        "seed negative": ("--seed", -1),
    }.items():
        yield Case(f"cutouts/{name}", listing(None, *more))
    for name, more in {
        "shape of two": ("--shape", "[3, 24]"),
        "shape negative": ("--shape", "[3, -24, 24]"),
        "shape of text": ("--shape", '"large"'),
        "shape no JSON": ("--shape", "3x24x24"),
        "bands twice": ("--bands", '["g", "g", "r"]'),
    }.items():

        def make(folder: Path, more=more) -> Words:
            write_good(folder / "in")
            return (*filtered(folder), *more)

        yield Case(f"stamps/{name}", make)


def cases() -> list[Case]:
    """Return all cases of images of galaxies."""
    headers = [
        case for name, (make, word) in IN_HEADER.items() for case in in_a_folder(name, make, word)
    ]
    return [*headers, *of_pixels(), *of_files()]
