"""Data whose training and test examples are not independent, one kind of leak after the other.

Each `Leak` writes examples files and says what must happen: the split is refused, the examples at
fault are left out and listed, or the evaluation reports the run as leaking. `observe` takes one
through both stages. `CLEAN` holds like data without a leak, which must pass.

    python -m tests.faults.leaks

prints the table.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from cosmodag.cutouts.examples_file import create_examples, write_index
from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.shards import write_dataset
from cosmodag.errors import InputError
from cosmodag.evaluation import position_probe
from cosmodag.evaluation.targets import read_examples
from cosmodag.evaluation.task_evaluations import make_evaluation
from cosmodag.galaxies.cutouts.galaxy_stamps import cut_galaxies
from cosmodag.galaxies.stamps.stamps_file import Stamp, StampCollection
from cosmodag.training.completion import complete_task
from tests.checksummed import hdf5_file

REFUSED, DROPPED, LEAKING, CLEAN_PASS = "refused", "left out", "reported as leaking", "passes"
MAPS = {"name": "map", "channel": "void"}
COUNTS = {"name": "count", "columns": ["count_void"]}
CLASSES = {"name": "classification", "column": "kind_class", "values": [0.0, 1.0]}
IMAGES = {"name": "reconstruction", "latent_dim": 4}
ARCSEC = 1 / 3600


class Data(NamedTuple):
    """Examples in memory: inputs, targets, index columns, attributes of the file."""

    x: np.ndarray
    y: np.ndarray
    columns: Mapping[str, Any]
    attributes: Mapping[str, Any] = {}


class Leak(NamedTuple):
    """A leak, or a control.

    Attributes
    ----------
    name : str
    make : callable
        Takes a folder and a seed, writes examples files, returns arguments of `write_dataset`.
    outcome : str
        What must happen.
    message : str
        Part of the message, of the reason, or of the verdict.
    task : dict
        Task whose target the probe predicts.
    """

    name: str
    make: Callable[[Path, int], dict[str, Any]]
    outcome: str
    message: str = ""
    task: Mapping[str, Any] = COUNTS


def observe(leak: Leak, folder: Path, seed: int = 0) -> tuple[str, str]:
    """Split and probe the data of a leak; return the outcome and the message."""
    try:
        description = write_dataset(output_folder=folder / "dataset", **leak.make(folder, seed))
    except InputError as error:
        return REFUSED, str(error)
    if description["dropped"]:
        return DROPPED, (folder / "dataset" / "dropped.csv").read_text()
    result = probe(folder / "dataset", leak.task, seed)
    if result["leaking"]:
        return LEAKING, position_probe.sentence(result)
    return CLEAN_PASS, json.dumps(result["targets"])


def probe(dataset: Path, task: Mapping[str, Any], seed: int = 0) -> dict[str, Any]:
    """Return what the probe of positions finds in a dataset."""
    opened = Dataset.open(dataset)
    evaluation = make_evaluation(
        opened.description["experiment"], complete_task(task, opened), transform="none"
    )
    examples = read_examples(dataset, evaluation)
    probed = {split: evaluation.probe_targets(each) for split, each in examples.items()}
    return position_probe.probe(probed, replicas=400, seed=seed)


def write(path: Path, data: Data) -> Path:
    """Write an examples file."""
    with hdf5_file(path, "w") as file:
        x, y = create_examples(
            file,
            experiment="leaks",
            count=len(data.x),
            x_shape=data.x.shape[1:],
            y_shape=data.y.shape[1:],
            x_channels=[f"layer_{number}" for number in range(data.x.shape[-1])],
            y_channels=["void"],
        )
        x[...], y[...] = data.x, data.y
        file.attrs.update(data.attributes)
        write_index(file, {name: np.asarray(each) for name, each in data.columns.items()})
    return path


def plain(
    seed: int, /, count: int = 48, groups: int = 12, prefix: str = "", **columns: Any
) -> Data:
    """Return independent random images, by default four to a group."""
    random = np.random.default_rng([seed, len(prefix)])
    x = random.normal(size=(count, 12, 12, 1)).astype(np.float32)
    y = (x > 0).astype(np.float32)
    number = np.arange(count)
    index = {
        "id": [f"{prefix}e{n:04d}" for n in number],
        "group": [f"{prefix}g{n * groups // count:03d}" for n in number],
        "count_void": random.poisson(9, count),
        "kind_class": random.integers(0, 2, count),
    }
    return Data(x, y, index | columns)


def boxes(lower, upper, *, size=240.0, periodic=False, box="box") -> dict[str, Any]:
    """Return the index columns of sub-boxes."""
    lower, upper = (np.broadcast_to(each, (len(lower), 3)) for each in (lower, upper))
    columns: dict[str, Any] = {"box": np.broadcast_to(box, len(lower)).astype(str)}
    for axis, letter in enumerate("xyz"):
        columns |= {f"lower_{letter}": lower[:, axis].astype(float)}
        columns |= {f"upper_{letter}": upper[:, axis].astype(float)}
        columns |= {f"box_size_{letter}": np.full(len(lower), size)}
    return columns | {"periodic": np.full(len(lower), periodic), "axis": np.full(len(lower), 2)}


def _single(data: Data, **settings: Any) -> Callable[[Path, int], dict[str, Any]]:
    """Return the maker of one examples file that holds given data."""
    return lambda folder, seed: {
        "examples_files": [write(folder / "examples.h5", data)],
        **settings,
    }


def _chain(step, side, *, count=24, **settings: Any) -> Data:
    """Return sub-boxes in a row, each a group of its own."""
    step, side = np.asarray(step, float), np.asarray(side, float)
    lower = np.arange(count)[:, np.newaxis] * step
    return plain(1, count, count, **boxes(lower, lower + side, **settings))


def _stamps(positions, *, half_side, seed=2, attribute=True) -> Data:
    """Return stamps at positions (ra, dec) in degrees, each an object of its own."""
    ra, dec = np.asarray(positions, float).T
    data = plain(seed, len(ra), len(ra), ra=ra % 360, dec=dec)
    if attribute:
        return data._replace(attributes={"half_side": half_side})
    return data._replace(columns={**data.columns, "half_side": np.full(len(ra), half_side)})


def _row_of_stamps(separation, *, ra=150.0, dec=2.0, count=24) -> np.ndarray:
    """Return positions along a parallel, `separation` arcsec apart."""
    step = separation * ARCSEC / np.cos(np.radians(dec))
    return np.column_stack([ra + step * np.arange(count), np.full(count, dec)])


def _copied(change: Callable[[np.ndarray], np.ndarray], shape=(12, 12), **columns: Any) -> Data:
    """Return images of which every second one is a changed copy of the one before."""
    data = plain(3, 48, 48, **columns)
    x = np.random.default_rng(3).normal(size=(48, *shape, 1)).astype(np.float32)
    x[1::2] = np.stack([change(image) for image in x[::2]])
    return data._replace(x=x, y=np.ones_like(x))


def _other_file(shared: str) -> Callable[[Path, int], dict[str, Any]]:
    """Return the maker of a test file that shares something with the training file."""

    def make(folder: Path, seed: int) -> dict[str, Any]:
        own, other = plain(4, prefix="own-"), plain(5, prefix="test-")
        if shared == "group":
            other = other._replace(columns={**other.columns, "group": own.columns["group"]})
        else:
            other = other._replace(x=own.x, y=own.y)
        return {
            "examples_files": [write(folder / "own.h5", own)],
            "test_files": [write(folder / "test.h5", other)],
        }

    return make


def _padded_pictures(folder: Path, seed: int) -> dict[str, Any]:
    """Write stamps of pictures, each under two names, which are padded with different noise."""
    random = np.random.default_rng(6)
    pictures = random.normal(size=(20, 1, 15, 15)).astype(np.float32)
    stamps = [
        Stamp(f"{name}{number}", f"{name}{number}", picture, {"count_void": number})
        for name in ("first", "second")
        for number, picture in enumerate(pictures)
    ]
    collection = StampCollection("folder", len(stamps), ("r",), 0.262, iter(stamps))
    cut_galaxies(collection, folder / "stamps.h5", side=24)
    return {"examples_files": [folder / "stamps.h5"]}


def smooth(random: np.random.Generator, shape, length: float) -> np.ndarray:
    """Return a periodic Gaussian random field of unit variance, smoothed over a length in cells."""
    field = ndimage.gaussian_filter(random.normal(size=shape), length, mode="wrap")
    return field / field.std()


def field_regions(
    seed: int, *, regions=6, side=20, length=7.0, n_boxes=1, attributes=None, noise=0.5
) -> Data:
    """Return maps of adjoining regions of smooth fields, and whether each pixel is a void.

    Each region is a group. The input is mostly noise, so that only the place gives targets away.
    """
    random = np.random.default_rng(seed)
    x, y, lower, names = [], [], [], []
    for number in range(n_boxes):
        field = smooth(random, (regions * side,) * 2, length)
        for i in range(regions):
            for j in range(regions):
                part = field[i * side : (i + 1) * side, j * side : (j + 1) * side]
                x.append(part + noise * random.normal(size=part.shape))
                y.append(part < -0.5)
                lower.append((i * side, j * side, 0))
                names.append(f"box{number}")
    x, y = (np.asarray(each, np.float32)[..., np.newaxis] for each in (x, y))
    lower = np.asarray(lower, float)
    columns = boxes(
        lower,
        lower + np.array([side, side, 10]),
        size=regions * side,
        periodic=True,
        box=np.array(names),
    )
    columns |= {
        "id": [f"{name}/{i}-{j}" for name, (i, j, _) in zip(names, lower.astype(int))],
        "group": [f"{name}/region-{i}-{j}" for name, (i, j, _) in zip(names, lower.astype(int))],
        "count_void": y.sum((1, 2, 3)).astype(int),
    }
    return Data(x, y, columns, attributes or {})


def _regions(seeded: Callable[[int], Data], **settings: Any):
    """Return the maker of data that depends on the seed."""
    return lambda folder, seed: {
        "examples_files": [write(folder / "examples.h5", seeded(seed))],
        "seed": seed,
        **settings,
    }


def _sky_field(seed: int, *, count=1500, correlated=True) -> Data:
    """Return stamps whose class follows a smooth field on the sky, or is independent of it."""
    random = np.random.default_rng(seed)
    position = random.uniform(0, 1, (count, 2))
    field = smooth(random, (128, 128), 6)
    value = field[tuple((127 * position).astype(int).T)]
    label = (value > 0) if correlated else random.random(count) < 0.5
    data = plain(seed, count, count, ra=30 + position[:, 0], dec=10 + position[:, 1])
    columns = {**data.columns, "kind_class": label.astype(int)}
    return data._replace(columns=columns, attributes={"half_side": 0.01})


def _frames(seed: int, *, count=900, shots=3) -> Data:
    """Return noisy exposures of objects, some to an object under successive names."""
    random = np.random.default_rng(seed)
    value = np.repeat(random.poisson(40, count // shots), shots)
    data = plain(seed, count, count)
    columns = {**data.columns, "id": [f"frame_{n}" for n in range(count)], "count_void": value}
    return data._replace(columns=columns)


def _reused_seeds(seed: int, *, reused=True, n_boxes=30) -> Data:
    """Return boxes of other names and noise that were made from the same random field."""
    random = np.random.default_rng(seed)
    parts = [
        field_regions(
            seed if reused else int(random.integers(2**31)), regions=3, length=5.0, n_boxes=1
        )
        for _ in range(n_boxes)
    ]
    columns = {
        name: np.concatenate([each.columns[name] for each in parts]) for name in parts[0].columns
    }
    box = np.repeat([f"universe{number:02d}" for number in range(n_boxes)], 9)
    columns |= {"box": box, "group": box}
    columns["id"] = np.array([f"{b}/{name}" for b, name in zip(box, columns["id"])])
    x = np.concatenate([each.x for each in parts])
    x = x + random.normal(size=x.shape).astype(np.float32)
    return Data(x, np.concatenate([each.y for each in parts]), columns)


def _overlapping(seed: int) -> Data:
    """Return overlapping maps of six smooth fields."""
    random = np.random.default_rng(seed)
    data = field_regions(seed, regions=6, length=7.0, n_boxes=6)
    shift = random.integers(0, 10, (len(data.x), 1)) * [1, 0, 0]
    columns = dict(data.columns)
    columns["lower_x"] = columns["lower_x"] + shift[:, 0]
    columns["upper_x"] = columns["upper_x"] + shift[:, 0]
    return data._replace(columns=columns | {"group": columns["box"]})


def _bright_sky(seed: int) -> Data:
    """Return images whose brightness follows the place in the box."""
    data = field_regions(seed, noise=0.1, length=9.0)
    return data


def _rotated(number: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda image: np.rot90(image, number)


SEEDS = np.repeat(np.arange(24), 2)
"""Seeds or objects that pairs of groups share."""
VOLUMES = "volumes shared between splits"
SKY = "sky shared between splits"
COPIES = "content shared between splits"
HALF_128 = 128 * 0.262 / 2

LEAKS = [
    Leak("a group of the test file in training", _other_file("group"), REFUSED, "group shared"),
    Leak(
        "one seed under two groups", _single(plain(7, 48, 48, seed=SEEDS)), REFUSED, "seed shared"
    ),
    Leak("one object under two groups", _single(plain(7, 48, 48, object=SEEDS)), REFUSED, "object"),
    Leak("overlapping sub-boxes", _single(_chain([8, 0, 0], 10)), REFUSED, VOLUMES),
    Leak(
        "sub-boxes that overlap through the periodic face",
        _single(_chain([80, 0, 0], [85, 10, 10], count=3, periodic=True)),
        REFUSED,
        VOLUMES,
    ),
    Leak("elongated sub-boxes", _single(_chain([0, 9, 0], [4, 10, 90])), REFUSED, VOLUMES),
    Leak(
        "slices one cell deep that share a cell",
        _single(_chain([0, 0, 1], [200, 200, 2])),
        REFUSED,
        VOLUMES,
    ),
    Leak(
        "one slice at many redshifts, each a group",
        _single(plain(8, 24, 24, **boxes(np.zeros((24, 3)), np.full((24, 3), 9.0)))),
        REFUSED,
        VOLUMES,
    ),
    Leak(
        "stamps of 128 pixels, 100 pixels apart",
        _single(_stamps(_row_of_stamps(26.2), half_side=HALF_128)),
        REFUSED,
        SKY,
    ),
    Leak(
        "stamps of coarse pixels",
        _single(_stamps(_row_of_stamps(60.0), half_side=32 * 2.0, attribute=False)),
        REFUSED,
        SKY,
    ),
    Leak(
        "stamps across the meridian",
        _single(_stamps(_row_of_stamps(26.2, ra=360 - 12 * 26.2 * ARCSEC), half_side=HALF_128)),
        REFUSED,
        SKY,
    ),
    Leak(
        "stamps around the pole",
        _single(
            _stamps(
                np.column_stack([np.arange(24) * 15.0, np.full(24, 90 - 30 * ARCSEC)]),
                half_side=HALF_128,
            )
        ),
        REFUSED,
        SKY,
    ),
    Leak("one picture under two names", _single(_copied(lambda image: image)), REFUSED, COPIES),
    Leak("a picture rotated by 90 degrees", _single(_copied(_rotated(1))), REFUSED, COPIES),
    Leak("a picture mirrored", _single(_copied(lambda image: image[:, ::-1])), REFUSED, COPIES),
    Leak(
        "a cube with its axes exchanged",
        _single(_copied(lambda cube: cube.transpose(2, 0, 1, 3)[::-1], (6, 6, 6))),
        REFUSED,
        COPIES,
    ),
    Leak(
        "a sub-box copied into another box",
        _single(
            _copied(
                lambda image: image,
                **boxes(np.zeros((48, 3)), np.full((48, 3), 9.0), box=[f"b{n}" for n in range(48)]),
            )
        ),
        REFUSED,
        COPIES,
    ),
    Leak("one small picture under two names, padded", _padded_pictures, REFUSED, COPIES),
    Leak("the test file holds copies", _other_file("content"), REFUSED, COPIES),
    Leak(
        "adjoining sub-boxes of one box",
        _single(_chain([10, 0, 0], 10)._replace(attributes={"structure_size": 4.0}), seed=4),
        DROPPED,
        "within 4 Mpc/h of the",
    ),
    Leak(
        "two halves of a box that adjoin through the periodic face",
        _single(
            plain(
                9,
                24,
                3,
                **boxes(
                    np.repeat([[5, 0, 0], [100, 0, 0], [190, 0, 0]], 8, axis=0)
                    + np.tile(np.arange(8)[:, np.newaxis] * [0, 30, 0], (3, 1)),
                    np.repeat([[40, 0, 0], [150, 0, 0], [238, 0, 0]], 8, axis=0)
                    + np.tile(np.arange(8)[:, np.newaxis] * [0, 30, 0], (3, 1))
                    + [0, 30, 30],
                    periodic=True,
                ),
            ),
            buffer=8.0,
            seed=3,
        ),
        REFUSED,
        "a buffer of 8 Mpc/h between the sets leaves out 8 of",
    ),
    Leak(
        "stamps that nearly touch",
        _single(_stamps(_row_of_stamps(50.0, count=40), half_side=HALF_128), buffer=4.0),
        DROPPED,
        "within 4 arcsec of the",
    ),
    Leak(
        "adjoining regions of a smooth field: maps",
        _regions(field_regions, buffer=0.0),
        LEAKING,
        "the position in the box alone predicts",
        MAPS,
    ),
    Leak(
        "adjoining regions of a smooth field: numbers",
        _regions(lambda seed: field_regions(seed, regions=14, side=8, length=8.0), buffer=0.0),
        LEAKING,
        "the position in the box alone predicts",
    ),
    Leak(
        "adjoining regions of a smooth field: images",
        _regions(lambda seed: field_regions(seed, regions=14, side=8, length=8.0), buffer=0.0),
        LEAKING,
        "the position in the box alone predicts",
        IMAGES,
    ),
    Leak(
        "overlapping maps split at random",
        _regions(_overlapping, protocol="random"),
        LEAKING,
        "the position in the box alone predicts",
        MAPS,
    ),
    Leak(
        "boxes from one seed under other names",
        _regions(_reused_seeds),
        LEAKING,
        "the position in any box alone predicts",
        MAPS,
    ),
    Leak(
        "classes that follow the sky",
        _regions(_sky_field),
        LEAKING,
        "the position on the sky",
        CLASSES,
    ),
    Leak(
        "exposures of one object, named in a row", _regions(_frames), LEAKING, "the order of names"
    ),
]
"""Leaks of every kind."""

CLEAN = [
    Leak("independent images", _regions(plain), CLEAN_PASS),
    Leak("sub-boxes apart", _single(_chain([20, 0, 0], 10, count=12)), CLEAN_PASS),
    Leak("stamps apart", _single(_stamps(_row_of_stamps(100.0), half_side=HALF_128)), CLEAN_PASS),
    Leak(
        "independent boxes",
        _regions(lambda seed: _reused_seeds(seed, reused=False)),
        CLEAN_PASS,
        task=MAPS,
    ),
    Leak(
        "classes independent of the sky",
        _regions(lambda seed: _sky_field(seed, correlated=False)),
        CLEAN_PASS,
        task=CLASSES,
    ),
    Leak("single exposures", _regions(lambda seed: _frames(seed, shots=1)), CLEAN_PASS),
]
"""Data without a leak, drawn anew for each seed."""


def main() -> None:
    """Print what happened to each leak and each control."""
    for leak in [*LEAKS, *CLEAN]:
        with tempfile.TemporaryDirectory() as folder:
            outcome, message = observe(leak, Path(folder))
        mark = "ok " if outcome == leak.outcome and leak.message in message else "BAD"
        print(f"{mark} {leak.name}: {outcome}: {' '.join(message.split())[:150]}")


if __name__ == "__main__":
    main()
