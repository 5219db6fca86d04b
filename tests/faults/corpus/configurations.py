"""Bad configurations."""

import copy
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import yaml

from tests.faults.corpus.case import GARBAGE, SPECIAL, Case, Words, special

TINY = Path(__file__).resolve().parents[2] / "dag"
FILES = {
    "voids": "tiny.yaml",
    "galaxies": "tiny_galaxies.yaml",
    "injections": "tiny_injections.yaml",
    "reionization": "tiny_reionization.yaml",
}


@cache
def _read() -> dict:
    texts = [(TINY / name).read_text() for name in FILES.values()]
    return {key: value for text in texts for key, value in yaml.safe_load(text).items()}


def good() -> dict:
    """Return a configuration of all experiments."""
    return copy.deepcopy(_read())


def command(folder: Path, content: bytes | str) -> Words:
    """Write a configuration and return the command that checks it."""
    path = folder / "in" / "c.yaml"
    path.parent.mkdir()
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return ("config", path)


def at(*keys: str | int, value: object = None, remove: bool = False) -> Callable[[dict], None]:
    """Return a change of the value at a place."""

    def change(config: dict) -> None:
        place = config
        for key in keys[:-1]:
            place = place[key]
        if remove:
            del place[keys[-1]]
        else:
            place[keys[-1]] = value

    return change


def of_values() -> Iterator[Case]:
    """Yield configurations with a value that is not allowed."""
    simulation = ("voids", "sources", "boxes", "simulation")
    sky = ("galaxies", "sources", "sky", "simulation")
    run = ("voids", "runs", "unet")
    nan, infinite = float("nan"), float("inf")
    changes = {
        "unknown experiment": (at("voidz", value={}), "voids"),
        "unknown key": (at(*simulation, "realisations", value=3), "realizations"),
        "negative number": (at(*simulation, "box_size", value=-64), "box_size"),
        "results with a null": (at("results", value="a\0b"), "control characters"),
        "number of zero": (at(*simulation, "realizations", value=0), "realizations"),
        "number of NaN": (at(*simulation, "number_density", value=nan), "number_density"),
        "number infinite": (at(*simulation, "box_size", value=infinite), "box_size"),
        "number of text": (at(*simulation, "particles", value="many"), "particles"),
        "number of a list": (at(*simulation, "particles", value=[32]), "particles"),
        "number of null": (at(*simulation, "particles", value=None), "particles"),
        "integer with a fraction": (at(*simulation, "steps", value=4.5), "steps"),
        "truth value for a number": (at(*simulation, "steps", value=True), "steps"),
        "redshift too high": (at(*simulation, "redshift", value=99), "redshift"),
        "unknown parameter": (at(*simulation, "cosmology", value={"sigma_8": 0.8}), "sigma8"),
        "range reversed": (at(*sky, "magnitude", value=[23, 17]), "magnitude"),
        "range of one": (at(*sky, "magnitude", value=[17]), "magnitude"),
        "range of NaN": (at(*sky, "psf", value=[nan, 0.4]), "psf"),
        "sides too small": (at(*sky, "sides", value=[2, 3]), "sides"),
        "law unknown": (at(*sky, "law", value="cosmoss"), "cosmos"),
        "unknown source": (at("voids", "grids", "boxes", "source", value="boxs"), "boxes"),
        "unknown grid": (at("voids", "cutouts", "slabs", "grid", value="grid"), "grid"),
        "unknown dataset": (at(*run, "dataset", value="slab"), "slabs"),
        "unknown network": (at(*run, "model", "name", value="unett"), "unet"),
        "unknown key of a network": (at(*run, "model", "widht", value=8), "width"),
        "unknown task": (at(*run, "task", "name", value="maps"), "map"),
        "unknown key of a task": (at(*run, "task", "chanel", value="a"), "channel"),
        "task missing": (at(*run, "task", remove=True), "task"),
        "channel unknown": (at(*run, "task", "channel", value="fraction_mater"), "fraction_matter"),
        "score unknown": (at(*run, "training", "monitor", value="aucc"), "monitor"),
        "learning rate of text": (at(*run, "training", "learning_rate", value="fast"), "learning"),
        "learning rate of NaN": (at(*run, "training", "learning_rate", value=nan), "learning"),
        "batch of zero": (at(*run, "training", "batch_size", value=0), "batch_size"),
        "epochs negative": (at(*run, "training", "epochs", value=-1), "epochs"),
        "side of the box": (at("voids", "cutouts", "slabs", "side", value=512), "512"),
        "depth of the box": (at("voids", "cutouts", "slabs", "depth", value=512), "512"),
        "name with a slash": (at("voids", "grids", "a/b", value={"source": "boxes"}), "a/b"),
        "name with a space": (at("voids", "grids", "a b", value={"source": "boxes"}), "a b"),
        "name of dots": (at("voids", "grids", "..", value={"source": "boxes"}), ".."),
        "section of a list": (at("voids", "grids", value=[1, 2]), "grids"),
        "section of text": (at("voids", "grids", value="boxes"), "grids"),
        "section of null": (at("voids", "runs", value=None), "runs"),
        "experiment of null": (at("voids", value=None), "voids"),
        "experiment of text": (at("galaxies", value="all"), "galaxies"),
        "a teacher of itself": (at("voids", "runs", "unet", "dataset", value="taught"), "taught"),
        "a teacher that is missing": (at("voids", "datasets", "taught", "teacher", value="x"), "x"),
        "two kinds of source": (
            at("voids", "sources", "boxes", "catalogue", value={"path": "a", "box_size": 3}),
            "boxes",
        ),
        "fractions above 1": (
            at("galaxies", "datasets", "stamps", "fractions", value=[0.6, 0.6, 0.2]),
            "fractions",
        ),
        "fractions of two": (
            at("galaxies", "datasets", "stamps", "fractions", value=[0.6, 0.4]),
            "fractions",
        ),
        "share of 2": (
            at(
                *("voids", "sources", "boxes"),
                value={"catalogue": {"path": "a.csv", "box_size": 64, "max_rejected": 2}},
            ),
            "max_rejected",
        ),
        "unit unknown": (
            at(
                *("voids", "sources", "boxes"),
                value={"catalogue": {"path": "a.csv", "box_size": 64, "unit": "mpc"}},
            ),
            "Mpc",
        ),
        "box of angles": (
            at(
                *("voids", "sources", "boxes"),
                value={"catalogue": {"path": "a.csv", "box_size": [360, 180, 1]}},
            ),
            "degrees",
        ),
        "band twice": (
            at(
                *("galaxies", "sources", "sky"),
                value={"folder": {"path": "a", "bands": ["g", "g", "z"]}},
            ),
            "bands",
        ),
        "label edges descending": (
            at("galaxies", "clusters", "shapes", "label_edges", value=[3, 1]),
            "label_edges",
        ),
        "clusters of no latent": (
            at("galaxies", "clusters", "shapes", "run", value="parameters"),
            "latent",
        ),
    }
    for name, (change, word) in changes.items():

        def make(folder: Path, change=change) -> Words:
            config = good()
            change(config)
            return command(folder, yaml.safe_dump(config, sort_keys=False))

        yield Case(f"config/{name}", make, [word])


def of_files() -> Iterator[Case]:
    """Yield files that are no configurations."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    texts = {
        "duplicate keys": "voids:\n  grids: {}\nvoids: {}\n",
        "duplicate keys below": "voids:\n  grids: {a: 1, a: 2}\n",
        "unclosed bracket": "voids: [\n",
        "unclosed quotation": "voids: 'a\n",
        "tabulator": "voids:\n\tgrids: 1\n",
        "two documents": "voids: {}\n---\ngalaxies: {}\n",
        "list": "- voids\n- galaxies\n",
        "number": "5\n",
        "text": "voids\n",
        "key of a list": "? [a, b]\n: 1\n",
        "key of a number": "5: {}\n",
        "key of null": "~: {}\n",
        "alias unknown": "voids: *boxes\n",
        "alias inside itself": "voids: &a\n  grids: *a\n",
        "aliases that expand": bomb,
        "nested deeply": "voids: " + "[" * 30_000,
        "nested mappings": "voids: " + "{a: " * 5000 + "1" + "}" * 5000,
        "Python object": "voids: !!python/object/apply:os.system ['true']\n",
        "Python name": "voids: !!python/name:os.system\n",
        "unknown tag": "voids: !box 5\n",
        "date": "voids: 2026-01-01\n",
        "binary": "voids: !!binary aGVsbG8=\n",
        "merge of a number": "voids:\n  <<: 5\n",
        "huge number": f"voids: {{sources: {{a: {{simulation: {{seed: {'9' * 5000}}}}}}}}}\n",
        "JSON cut": '{"voids": {"grids": ',
        "null characters": "voids: \0\n",
    }
    for name, content in texts.items():
        yield Case(f"config/{name}", lambda f, c=content: command(f, c), ["c.yaml"])
    for kind, content in GARBAGE.items():
        if kind != "nothing":
            yield Case(f"config/file of {kind}", lambda f, c=content: command(f, c), ["c.yaml"])
    for kind in SPECIAL:

        def make(folder: Path, kind=kind) -> Words:
            return ("config", special(folder / "in" / "c.yaml", kind))

        yield Case(f"config/file: {kind}", make, ["c.yaml"])
    for encoding in ("utf-16", "latin-1"):
        content = f"# café\n{yaml.safe_dump(good())}".encode(encoding)
        if encoding == "latin-1":
            yield Case(f"config/{encoding}", lambda f, c=content: command(f, c), ["c.yaml"])

    def cut(folder: Path) -> Words:
        words = command(folder, yaml.safe_dump(good(), sort_keys=False))
        path = folder / "in" / "c.yaml"
        path.write_bytes(path.read_bytes().partition(b"number_density")[0] + b"number_")
        return words

    yield Case("config/cut", cut, [])


def cases() -> list[Case]:
    """Return all cases of configurations."""
    return [*of_values(), *of_files()]
