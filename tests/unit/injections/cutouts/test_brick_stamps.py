"""Stamps of a batch of bricks, cut by one and by two ranks."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.wcs import WCS

from cosmodag.errors import InputError
from cosmodag.injections.bricks.brick_files import BrickFiles
from cosmodag.injections.bricks.brick_images import BANDS, BrickImages, write_images
from cosmodag.injections.cutouts import brick_stamps
from tests.checksummed import content

BRICKS = ("0591m305", "0592m305", "0593m305")
SIDE = 16
SHAPE = (120, 100)


def images(seed: int) -> BrickImages:
    rng = np.random.default_rng(seed)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cdelt = [-1e-4, 1e-4]
    image = rng.normal(size=(3, *SHAPE)).astype(np.float32)
    ivar = rng.uniform(0, 2, image.shape).astype(np.float32)
    return BrickImages(BANDS, image, ivar, np.full(3, 1.4, np.float32), wcs)


@pytest.fixture(scope="module")
def survey(tmp_path_factory) -> dict:
    """Three bricks with a run of injections, their images, and objects in them."""
    folder = tmp_path_factory.mktemp("survey")
    by_run, rows = {}, []
    for number, brick in enumerate(BRICKS):
        for run in ("", "rs0"):
            by_run[brick, run] = images(2 * number + bool(run))
            write_images(BrickFiles(folder, brick, run or None), by_run[brick, run], lossless=True)
            rng = np.random.default_rng(number)
            for objid in range(9):
                x, y = rng.uniform(-0.5, SHAPE[1] - 0.5), rng.uniform(-0.5, SHAPE[0] - 0.5)
                name = f"{brick}/{run or 'real'}/{objid}"
                rows.append((name, objid, brick, run, int(bool(run)), x, y))
    columns = ["id", "tractor_id", "brick", "run", "label", "bx", "by"]
    return {"folder": folder, "images": by_run, "objects": pd.DataFrame(rows, columns=columns)}


def cut(survey, output: Path, **changes):
    settings = {"scratch": output.parent / "scratch", "side": SIDE} | changes
    brick_stamps.cut_stamps(survey["objects"], survey["folder"], output, **settings)


def expected(survey, name: str) -> np.ndarray:
    """Return the stamp of an object by slicing padded planes."""
    row = survey["objects"].set_index("id").loc[name]
    brick_images = survey["images"][row["brick"], row["run"]]
    planes = [plane for pair in zip(brick_images.image, brick_images.ivar) for plane in pair]
    column, line = (int(np.floor(row[axis] + 0.5)) + SIDE - SIDE // 2 for axis in ("bx", "by"))
    window = np.s_[line : line + SIDE, column : column + SIDE]
    return np.stack([np.pad(plane, SIDE)[window] for plane in planes], -1)


def test_stamps_equal_slices_for_every_object(survey, tmp_path):
    cut(survey, tmp_path / "e.h5", edges="pad")
    with h5py.File(tmp_path / "e.h5") as file:
        names = file["index/id"].asstr()[:]
        assert sorted(names) == sorted(survey["objects"]["id"])
        for name, stamp, label in zip(names, file["x"], file["y"][:, 0]):
            assert stamp.tobytes() == expected(survey, name).tobytes()
            assert label == ("/rs0/" in name)
        assert set(file["index/group"].asstr()[:]) == set(BRICKS)
        assert file.attrs["kind"] == "examples"
        assert file.attrs["half_side"] == pytest.approx(SIDE * 0.36 / 2)  # by the header
    assert not list((tmp_path / "scratch/stamps").iterdir())


def test_stamps_beyond_the_edge_are_dropped_or_separated(survey, tmp_path):
    for edges in brick_stamps.EDGES:
        cut(survey, tmp_path / f"{edges}.h5", edges=edges)
    with h5py.File(tmp_path / "skip.h5") as skip, h5py.File(tmp_path / "separate.h5") as separate:
        inside = set(skip["index/id"].asstr()[:])
        outside = set(separate["edge/index/id"].asstr()[:])
        assert set(separate["index/id"].asstr()[:]) == inside
        assert inside | outside == set(survey["objects"]["id"])
        assert 0 < len(outside) < len(survey["objects"])
        assert skip["index/edge_distance"][:].min() >= SIDE / 2 - 0.5
        assert "edge" not in skip


def test_only_missing_and_corrupt_bricks_are_cut_again(survey, tmp_path, monkeypatch):
    broken = BRICKS[2]
    done = []
    cut_unit = brick_stamps.cut_unit

    def failing(unit, *settings):
        if unit.files.brick == broken:
            raise InputError(f"{broken}: broken")
        done.append(unit.path)
        cut_unit(unit, *settings)

    monkeypatch.setattr(brick_stamps, "cut_unit", failing)
    with pytest.raises(InputError, match=r"1 of 3 bricks .* brick 0593m305: 0593m305: broken"):
        cut(survey, tmp_path / "e.h5", edges="pad", max_rejected=0)
    assert len(done) == 4  # the others were cut all the same
    assert not (tmp_path / "e.h5").exists()

    stamps = (tmp_path / "scratch/stamps").glob("*.h5")
    (batch,) = (path for path in stamps if "-" not in path.name)
    with h5py.File(batch) as file:
        offsets = {done[0]: file["x"].id.get_offset() + 1000}  # in the stamps of the first unit
    with h5py.File(done[1]) as file:
        offsets[done[1]] = file["measured/centroid_x"].id.get_offset() + 2
    for damaged, byte in zip((batch, done[1]), offsets.values()):
        with open(damaged, "r+b") as file:
            file.seek(byte)
            old = file.read(1)
            file.seek(byte)
            file.write(bytes([old[0] ^ 1]))  # flip one bit
    again = []
    monkeypatch.setattr(
        brick_stamps, "cut_unit", lambda *a: (again.append(a[0].path), cut_unit(*a))
    )
    cut(survey, tmp_path / "e.h5", edges="pad")
    assert len(again) == 4
    assert {*done[:2]} < {*again}
    cut(survey, tmp_path / "once.h5", edges="pad", scratch=tmp_path / "fresh")
    assert content(tmp_path / "e.h5") == content(tmp_path / "once.h5")


def test_objects_outside_the_image_are_reported(survey, tmp_path):
    objects = survey["objects"].copy()
    objects.loc[3, "bx"] = 4000.0
    with pytest.raises(
        InputError, match=r"tractor-0591m305.*1 of 9 objects .* bx 4000.0, .* outside the image"
    ):
        cut(survey | {"objects": objects}, tmp_path / "e.h5", max_rejected=0)


def test_a_brick_that_cannot_be_cut_is_left_out_and_listed(survey, tmp_path, monkeypatch):
    cut_unit = brick_stamps.cut_unit

    def failing(unit, *settings):
        if unit.files.brick == BRICKS[1]:
            raise InputError("pixels of NaN")
        cut_unit(unit, *settings)

    monkeypatch.setattr(brick_stamps, "cut_unit", failing)
    cut(survey, tmp_path / "e.h5", edges="pad")
    monkeypatch.undo()
    objects = survey["objects"]
    others = objects[objects["brick"] != BRICKS[1]].reset_index(drop=True)
    cut(survey | {"objects": others}, tmp_path / "others.h5", edges="pad")
    with h5py.File(tmp_path / "e.h5") as file, h5py.File(tmp_path / "others.h5") as expected:
        for name in ("x", "y", "index/id"):
            assert np.array_equal(file[name][:], expected[name][:])
        assert file.attrs["n_rejected_bricks"] == 1
    table = pd.read_csv(tmp_path / "e.rejected.csv")
    assert table[["item", "reason"]].to_numpy().tolist() == [
        [f"brick {BRICKS[1]}", "pixels of NaN"]
    ]


@pytest.fixture
def start_ranks(survey, tmp_path):
    """A function that starts two ranks and returns their process."""
    script = tmp_path / "cut.py"
    survey["objects"].to_parquet(tmp_path / "objects.parquet")
    script.write_text(
        "import sys, time\n"
        "import pandas as pd\n"
        "from cosmodag.injections.cutouts import brick_stamps\n"
        "cut_unit = brick_stamps.cut_unit\n"
        "def slowly(*arguments):\n"
        "    cut_unit(*arguments)\n"
        "    time.sleep(float(sys.argv[4]))\n"
        "brick_stamps.cut_unit = slowly\n"
        "objects = pd.read_parquet(sys.argv[1] + '/objects.parquet')\n"
        "brick_stamps.cut_stamps(objects, sys.argv[2], sys.argv[3], edges='pad', side=16,\n"
        "                        scratch=sys.argv[1] + '/scratch')\n"
        "assert 'torch' not in sys.modules\n"
    )

    def start(output: Path, pause: float = 0.0) -> subprocess.Popen:
        mpiexec = Path(sys.executable).with_name("mpiexec")
        words = [script, tmp_path, survey["folder"], output, pause]
        return subprocess.Popen(
            [str(word) for word in (mpiexec, "-n", 2, sys.executable, *words)],
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.mark.faults
def test_two_ranks_agree_with_one_after_a_rank_was_killed(survey, tmp_path, start_ranks):
    pytest.importorskip("mpi4py")
    job = start_ranks(tmp_path / "two.h5", pause=5)
    folder = tmp_path / "scratch/stamps"
    for _ in range(600):
        if folder.is_dir() and len(list(folder.glob("[!.]*.h5"))) >= 2:
            break
        time.sleep(0.1)
    pgrep = subprocess.run(
        ["pgrep", "-f", str(tmp_path / "cut.py")], capture_output=True, text=True
    )
    rank = next(int(pid) for pid in pgrep.stdout.split() if int(pid) != job.pid)
    os.kill(rank, signal.SIGKILL)
    assert job.wait(60) != 0
    complete = {path: path.stat().st_mtime_ns for path in folder.glob("[!.]*.h5")}
    assert complete
    assert not (tmp_path / "two.h5").exists()

    again = start_ranks(tmp_path / "two.h5")
    assert again.wait(120) == 0, again.stderr.read()
    cut(survey, tmp_path / "one.h5", edges="pad", scratch=tmp_path / "serial")
    assert content(tmp_path / "two.h5") == content(tmp_path / "one.h5")
