"""A wheel, installed into an environment with nothing but its dependencies, works."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import h5py
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "workflow")
DATA_FILES = {".css", ".jinja", ".json", ".mplstyle", ".pyi", ".yaml"}
HELP = """
import click
from cosmodag.commands.main import main

def show(command, words):
    main.main([*words, "--help"], prog_name="cosmodag", standalone_mode=False)
    if isinstance(command, click.Group):
        for name in command.list_commands(None):
            show(command.get_command(None, name), [*words, name])

show(main, [])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory, repository) -> Path:
    """A wheel built from a copy of the sources, since a build leaves files beside them."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        source, ignored = repository / name, shutil.ignore_patterns("__pycache__", "*.egg-info")
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", folder)
    (path,) = (folder / "dist").iterdir()
    return path


@pytest.fixture(scope="module")
def library(tmp_path_factory, wheel) -> Path:
    """The programs of an environment with the wheel and its required dependencies."""
    return create_environment(tmp_path_factory.mktemp("library"), wheel)


@pytest.fixture(scope="module")
def simulations(tmp_path_factory, wheel) -> Path:
    """The programs of an environment with the wheel and the extra ``simulate``."""
    return create_environment(tmp_path_factory.mktemp("simulations"), wheel, "simulate")


def create_environment(folder: Path, wheel: Path, extra: str = "") -> Path:
    """Create a virtual environment, with links to the dependencies that are installed here."""
    venv.create(folder / "env")
    programs = folder / "env" / "bin"
    pip = (sys.executable, "-m", "pip", "--quiet", "--python", programs / "python")
    run(*pip, "install", "--no-deps", "--no-index", wheel)
    (packages,) = (folder / "env" / "lib").glob("python*/site-packages")
    requirements = metadata.Distribution.at(next(packages.glob("cosmodag-*.dist-info"))).requires
    for entry in installed_files(requirements, extra):
        (packages / entry.name).symlink_to(entry)
    return programs


def installed_files(requirements: list[str], extra: str) -> set[Path]:
    """Return files and folders of the packages that requirements need, directly or not."""
    entries, seen = set(), set()
    waiting = [(text, {extra}) for text in requirements]
    while waiting:
        text, extras = waiting.pop()
        requirement = Requirement(text)
        marker = requirement.marker
        if marker and not any(marker.evaluate({"extra": name}) for name in extras | {""}):
            continue
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key in seen:
            continue
        seen.add(key)
        distribution = metadata.distribution(requirement.name)
        folder = Path(distribution.locate_file(""))
        names = {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}
        entries |= {folder / name for name in names}
        waiting += [(text, requirement.extras) for text in distribution.requires or ()]
    return entries


def run(*command, cwd: Path | None = None, ok: bool = True) -> str:
    """Run a command without this checkout on its path; return what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_wheel_contains_all_modules_and_data_files(wheel, repository):
    package = repository / "workflow" / "cosmodag"
    expected = {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.suffix in {".py", *DATA_FILES}
    }
    names = {name for name in zipfile.ZipFile(wheel).namelist() if "dist-info" not in name}
    assert names == expected


def test_every_file_of_the_package_is_code_or_data(repository):
    files = subprocess.run(
        ["git", "ls-files", "workflow/cosmodag"], cwd=repository, capture_output=True, text=True
    ).stdout.split()
    assert {Path(file).suffix for file in files} <= {".py", *DATA_FILES}


@pytest.mark.slow
def test_the_library_works_without_workflow_mpi_and_networks(library, repository, tmp_path):
    program = library / "cosmodag"
    assert "cosmodag, version 0" in run(program, "--version", cwd=tmp_path)
    printed = run(program, "config", repository / "config" / "config.yaml", cwd=tmp_path)
    assert "reionization:" in printed
    helps = run(library / "python", "-c", HELP, cwd=tmp_path)
    assert helps.count("Usage: ") > 30
    imported = "from cosmodag.gridding import assign_mass; print(assign_mass.__module__)"
    assert run(library / "python", "-c", imported, cwd=tmp_path).startswith("cosmodag.gridding")
    for module in ("mpi4py", "snakemake", "torch", "torchvision"):
        run(library / "python", "-c", f"import {module}", cwd=tmp_path, ok=False)


@pytest.mark.slow
def test_a_missing_extra_is_named(library, tmp_path):
    words = ("voids", "simulate", "--galaxies", "g.h5", "--matter", "m.h5", "--particles", "8")
    printed = run(library / "cosmodag", *words, cwd=tmp_path, ok=False)
    assert printed == (
        "Error: this command needs camb, which is not installed: pip install 'cosmodag[simulate]'\n"
    )


@pytest.mark.slow
def test_boxes_are_simulated_and_gridded_from_the_wheel(simulations, tmp_path):
    program = simulations / "cosmodag"
    size = ("--box-size", "32", "--particles", "16", "--steps", "2", "--matter-cells", "16")
    output = ("--galaxies", "g.h5", "--matter", "m.h5", "--number-density", "0.01")
    run(program, "voids", "simulate", *size, *output, cwd=tmp_path)
    words = ("--galaxies", "g.h5", "--cells", "16", "--output", "grid.h5")
    run(program, "voids", "grid", *words, cwd=tmp_path)
    with h5py.File(tmp_path / "grid.h5") as file:
        assert file["grid"].shape == (1, 16, 16, 16)
        assert file["grid"][:].sum() == pytest.approx(file.attrs["particles"][0], rel=1e-5)
