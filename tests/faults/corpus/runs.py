"""Bad examples files, datasets and folders of runs, given to the commands that all share."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

from tests.checksummed import hdf5_file
from tests.faults.corpus.case import Case, Words, truncated, unusable_files
from tests.stamps import write_stamps


def split(folder: Path, *more: object) -> Words:
    """Return the command that splits examples."""
    return ("split", folder / "in" / "e.h5", "--output", folder / "out" / "dataset", *more)


def of_examples() -> Iterator[Case]:
    """Yield examples files that cannot be split."""
    yield from unusable_files(
        "examples/", "e.h5", lambda path: split(path.parent.parent), folders=False
    )

    def changed(change: Callable[[h5py.File], object], *more: object) -> Callable[[Path], Words]:
        def make(folder: Path) -> Words:
            (folder / "in").mkdir()
            write_stamps(folder / "in" / "e.h5", count=60, side=16)
            with hdf5_file(folder / "in" / "e.h5", "r+") as file:
                change(file)
            return split(folder, *more)

        return make

    def renamed(file: h5py.File) -> None:
        groups = file["index/group"][:]
        del file["index/group"]
        file["index/group"] = np.full(groups.shape, b"same")

    changes = {
        "another kind": lambda file: file.attrs.__setitem__("kind", "grid"),
        "no kind": lambda file: file.attrs.__delitem__("kind"),
        "no input": lambda file: file.__delitem__("x"),
        "no index": lambda file: file.__delitem__("index"),
        "no groups": lambda file: file.__delitem__("index/group"),
        "one group": renamed,
    }
    for name, change in changes.items():
        yield Case(
            f"examples/{name}", changed(change), ["e.h5"] if "group" not in name else ["group"]
        )
    for fraction in (0.05, 0.5, 0.95):

        def cut(folder: Path, fraction=fraction) -> Words:
            (folder / "in").mkdir()
            truncated(write_stamps(folder / "in" / "e.h5", count=60, side=16), fraction)
            return split(folder)

        yield Case(f"examples/cut at {fraction:g}", cut, ["e.h5"])
    for name, more in {
        "fractions of NaN": ("--fractions", "[NaN, 0.2, 0.2]"),
        "fractions of two": ("--fractions", "[0.8, 0.2]"),
        "fractions above 1": ("--fractions", "[0.8, 0.8, 0.8]"),
        "fractions negative": ("--fractions", "[-0.2, 0.6, 0.6]"),
        "fractions no JSON": ("--fractions", "0.8,0.1,0.1"),
    }.items():
        yield Case(f"examples/{name}", changed(lambda file: None, *more), [])


def of_folders() -> Iterator[Case]:
    """Yield datasets and runs that are none."""

    def written(files: dict[str, bytes], *words: object) -> Callable[[Path], Words]:
        def make(folder: Path) -> Words:
            (folder / "in").mkdir()
            for name, content in files.items():
                (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / "in" / name).write_bytes(content)
            return [str(word).format(folder=folder) for word in words]

        return make

    contents = {
        "nothing": b"",
        "no JSON": b"{",
        "a list": b"[1, 2]",
        "null": b"null",
        "an empty mapping": b"{}",
        "bytes": b"\xff\xfe\x00",
        "nested deeply": b"[" * 100_000,
    }
    task = json.dumps({"name": "regression", "columns": ["magnitude"]})
    commands = {
        "train": (
            "dataset.json",
            ("train", "--dataset", "{folder}/in", "--output", "{folder}/out/run"),
            (
                "--task",
                task.replace("{", "{{").replace("}", "}}"),
                "--model",
                '{{"name": "lenet"}}',
            ),
        ),
        "evaluate": (
            "run.json",
            ("evaluate", "--dataset", "{folder}/in", "--run", "{folder}/in"),
            (),
        ),
        "summary": ("voids/runs/a/metrics.json", ("summary", "{folder}/in"), ()),
        "galaxies predict": (
            "run.json",
            ("galaxies", "predict", "{folder}/in", "--parameters", "{folder}/in"),
            ("--pixel", 0.2, "--output", "{folder}/out/t.csv"),
        ),
        "galaxies similar": (
            "run.json",
            ("galaxies", "similar", "{folder}/in", "--run", "{folder}/in"),
            ("--pixel", 0.2, "--output", "{folder}/out/t.csv"),
        ),
        "galaxies cluster": (
            "run.json",
            ("galaxies", "cluster", "--run", "{folder}/in", "--dataset", "{folder}/in"),
            ("--output", "{folder}/out/clusters"),
        ),
        "reionization predict": (
            "run.json",
            ("reionization", "predict", "{folder}/in/model.pt", "--run", "{folder}/in"),
            ("--output", "{folder}/out/predicted"),
        ),
        "injections predict": (
            "run.json",
            ("injections", "predict", "--run", "{folder}/in", "--dataset", "{folder}/in"),
            ("--output", "{folder}/out/t.csv", "{folder}/in/run.json"),
        ),
    }
    for command, (name, words, more) in commands.items():
        for kind, content in contents.items():
            yield Case(
                f"runs/{command}: {Path(name).name} of {kind}",
                written({name: content, "model.pt": b"no weights"}, *words, *more),
                [Path(name).name],
            )
        if command != "summary":
            yield Case(f"runs/{command}: nothing there", written({}, *words, *more), [])
    for name, more in {
        "task of text": ("--task", "map", "--model", '{{"name": "unet"}}'),
        "task unknown": ("--task", '{{"name": "maps"}}', "--model", '{{"name": "unet"}}'),
        "network unknown": ("--task", '{{"name": "map"}}', "--model", '{{"name": "unett"}}'),
        "network a list": ("--task", '{{"name": "map"}}', "--model", "[1]"),
        "device unknown": (
            *("--task", '{{"name": "map", "channel": "a"}}', "--model", '{{"name": "unet"}}'),
            *("--device", "tpu"),
        ),
    }.items():
        yield Case(
            f"runs/train: {name}",
            written({"dataset.json": b"{}"}, *commands["train"][1], *more),
            [],
        )


def cases() -> list[Case]:
    """Return all cases of examples, datasets and runs."""
    return [*of_examples(), *of_folders()]
