"""Every reader of users' files as a function of a path, with a small valid file for each.

Property-based tests and the fuzzer start from these files.
"""

import gzip
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import yaml
from astropy.io import fits

from tests.faults.corpus import bricks, catalogues, configurations, stamps
from tests.unit.reionization.cubes.cubes import CELLS, write_coeval, write_raw


class Reader(NamedTuple):
    """A reader of users' files.

    Attributes
    ----------
    name : str
        Name of the file that it reads; the suffix chooses the format.
    write : callable
        Writes a valid file.
    read : callable
        Reads a file completely; must raise nothing but `InputError`.
    """

    name: str
    write: Callable[[Path], object]
    read: Callable[[Path], object]


def _read_table(path: Path) -> None:
    from cosmodag.voids.catalogues.tables import read_columns

    for columns in read_columns(path, ["x", "y", "z"], problems={}):
        for values in columns:
            assert values.ndim == 1
            assert values.dtype.kind in "fiub"
            assert values.dtype.isnative


def _read_galaxies(path: Path) -> None:
    from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
    from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue, read_galaxies

    coordinates = BoxCoordinates(box_size=catalogues.BOX)
    for chunk in read_galaxies(GalaxyCatalogue(path=path, coordinates=coordinates)):
        assert np.isfinite(chunk.position).all()
        assert chunk.position.min(initial=0) >= 0
        assert chunk.position.max(initial=0) <= catalogues.BOX


def _read_stamp(path: Path) -> None:
    from cosmodag.galaxies.stamps.stamp_headers import read_header
    from cosmodag.galaxies.stamps.stamp_images import read_images

    header = read_header(path)
    bands = header.bands or tuple("abcdefghij"[: header.shape[0]])
    for image in read_images(path, header, bands):
        assert image.shape == header.shape
        assert image.dtype == np.float32


def _read_plane(path: Path) -> None:
    from cosmodag.injections.bricks.brick_images import check_plane, read_plane

    plane, _ = read_plane(path)
    check_plane(path, plane, "image")


def _read_tractor(path: Path) -> None:
    from cosmodag.injections.bricks.brick_catalogues import read_tractor

    table = read_tractor(path)
    assert np.isfinite(table[["bx", "by", "ra", "dec"]].to_numpy(float)).all()


def _read_bricks(path: Path) -> None:
    from cosmodag.injections.bricks.brick_files import BRICK_NAME, read_brick_list

    assert all(BRICK_NAME.fullmatch(name) for name in read_brick_list(path))


def _read_multiband(path: Path) -> None:
    from cosmodag.injections.bricks.multiband_image import read_multiband_image

    images, _ = read_multiband_image(path)
    assert np.isfinite(images.image).all()


def _read_raw(path: Path) -> None:
    from cosmodag.reionization.cubes.raw_cubes import VALID_RANGES, read_raw_cube

    cube = read_raw_cube(path, "density", cells=CELLS)
    low, high = VALID_RANGES["density"]
    assert cube.shape == (CELLS,) * 3
    assert low <= cube.min() <= cube.max() <= high


def _read_coeval(path: Path) -> None:
    from cosmodag.reionization.cubes.coeval_files import describe_coeval_file, read_coeval_cube

    for cube in describe_coeval_file(path):
        assert np.isfinite(read_coeval_cube(cube)).all()


def _read_configuration(path: Path) -> None:
    from cosmodag.dag.config_files import complete_config
    from cosmodag.yaml_files import YamlFile

    complete_config(YamlFile(path).data or {}, [path])


def _read_labels(path: Path) -> None:
    from cosmodag.galaxies.clusters.labels import _read_table

    _read_table("kind", str(path), "name")


def _positions(path: Path) -> None:
    catalogues.write(path, {name: values[:60] for name, values in catalogues.frame().items()})


def _packed_stamp(path: Path) -> None:
    plain = path.with_suffix("")
    stamps.write_fits(plain)
    path.write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()


def _tiles(path: Path) -> None:
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(stamps.CUBE)]).writeto(path)


def _plane(path: Path) -> None:
    from cosmodag.injections.bricks.brick_images import write_plane

    write_plane(path, stamps.CUBE[0], None, lossless=True)


def _tractor(path: Path) -> None:
    from cosmodag.injections.bricks.brick_catalogues import write_tractor

    write_tractor(path, bricks.objects(1))


def _brick_table(path: Path) -> None:
    from cosmodag.injections.bricks.brick_files import write_brick_list

    write_brick_list(path, list(bricks.BRICKS), np.ones(5), np.ones(5))


def _multiband(path: Path) -> None:
    hdus = [fits.PrimaryHDU()]
    for band in "grz":
        for kind in ("image", "invvar"):
            hdus.append(fits.ImageHDU(np.ones((8, 8), "f4"), bricks._wcs().to_header()))
            hdus[-1].header["BAND"], hdus[-1].header["IMAGETYP"] = band, kind
    fits.HDUList(hdus).writeto(path)


def _raw(path: Path) -> None:
    paths = write_raw(path.parent / "raw", 8.0)
    content = paths["density"].read_bytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def _stack(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["images"] = stamps.CUBE[None]


def _text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


READERS = {
    **{f"table {s}": Reader(f"c.{s}", _positions, _read_table) for s in catalogues.SUFFIXES},
    "galaxies": Reader("c.csv", _positions, _read_galaxies),
    "stamp": Reader("s.fits", stamps.write_fits, _read_stamp),
    "stamp gzip": Reader("s.fits.gz", _packed_stamp, _read_stamp),
    "stamp tiles": Reader("s.fits.fz", _tiles, _read_stamp),
    "stamp png": Reader("s.png", stamps.picture, _read_stamp),
    "stamp jpeg": Reader("s.jpg", stamps.picture, _read_stamp),
    "stamp hdf5": Reader("s.h5", _stack, _read_stamp),
    "brick image": Reader("b.fits.fz", _plane, _read_plane),
    "brick catalogue": Reader("t.fits", _tractor, _read_tractor),
    "brick list": Reader("b.txt", _text("\n".join(bricks.BRICKS)), _read_bricks),
    "brick list csv": Reader("b.csv", _text("brickname,ra\n0591m305,1\n"), _read_bricks),
    "brick list fits": Reader("b.fits", _brick_table, _read_bricks),
    "multi-band image": Reader("m.fits", _multiband, _read_multiband),
    "raw cube": Reader("updated", _raw, _read_raw),
    "raw cube gzip": Reader("updated.gz", _raw, _read_raw),
    "coeval box": Reader("c.h5", write_coeval, _read_coeval),
    "configuration": Reader(
        "c.yaml",
        _text(yaml.safe_dump(configurations.good(), sort_keys=False)),
        _read_configuration,
    ),
    "label table": Reader("l.csv", _text("name,kind\na,1\nb,2\n"), _read_labels),
}
"""All readers by name."""


@cache
def valid(name: str) -> bytes:
    """Return the content of a valid file."""
    reader = READERS[name]
    with tempfile.TemporaryDirectory() as folder:
        reader.write(Path(folder) / reader.name)
        return (Path(folder) / reader.name).read_bytes()
