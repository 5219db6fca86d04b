"""The lock, the project's dependencies, the conda environments and the container agree."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@pytest.fixture(scope="module")
def lock(repository) -> dict[str, str]:
    """Versions in the lock by package."""
    return read_pins(repository / "envs" / "requirements.lock")


@pytest.fixture(scope="module")
def project(repository) -> dict:
    """The section ``project`` of ``pyproject.toml``."""
    return tomllib.loads((repository / "pyproject.toml").read_text())["project"]


def read_pins(path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if line and line[0] != "#"]
    pins = [line.split("==") for line in lines]
    return {canonicalize_name(name): version for name, version in pins}


def names(requirements: list[str]) -> set[str]:
    """Return the names of required packages, without the project itself."""
    return {canonicalize_name(Requirement(text).name) for text in requirements} - {"cosmodag"}


def test_every_dependency_is_locked(repository, project, lock):
    pins = lock | read_pins(repository / "envs" / "docs.txt")
    for requirements in (project["dependencies"], *project["optional-dependencies"].values()):
        assert names(requirements) <= {*pins}


def test_locked_versions_satisfy_the_requirements(project, lock):
    for text in (*project["dependencies"], *project["optional-dependencies"]["workflow"]):
        requirement = Requirement(text)
        if requirement.name != "cosmodag":
            assert lock[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_library_needs_neither_snakemake_nor_mpi_nor_torchvision(project):
    assert not names(project["dependencies"]) & {"snakemake", "mpi4py", "torch", "torchvision"}


@pytest.mark.parametrize("environment", ["cpu", "gpu", "xeonphi"])
def test_conda_environments_have_the_versions_of_the_lock(repository, lock, environment):
    pins = conda_pins(repository / "envs" / f"{environment}.yaml")
    locked = {name: version for name, version in pins.items() if name in lock}
    assert locked == {name: lock[name] for name in locked}


@pytest.mark.parametrize("environment", ["cpu", "gpu", "xeonphi"])
def test_conda_environments_have_all_that_jobs_import(repository, project, environment):
    pins = conda_pins(repository / "envs" / f"{environment}.yaml")
    extras = (project["optional-dependencies"][name] for name in ("simulate", "train", "mpi"))
    for requirements in (project["dependencies"], *extras):
        assert names(requirements) <= {*pins}


def conda_pins(path) -> dict[str, str]:
    """Return versions in a conda environment by the packages' names on PyPI."""
    pins = {}
    for entry in yaml.safe_load(path.read_text())["dependencies"]:
        for pin in entry["pip"] if isinstance(entry, dict) else [entry]:
            name, _, version = pin.replace("==", "=").partition("=")
            pins[canonicalize_name({"pytorch": "torch"}.get(name, name))] = version.split("=")[0]
    return pins


def test_the_container_is_built_from_the_lock(repository):
    """The recipe is parsed and not built: that needs a container engine."""
    lines = (repository / "envs" / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    instructions = [line.split(maxsplit=1) for line in lines if line and line[0] != "#"]
    assert instructions[0][0] == "FROM"
    assert {keyword for keyword, _ in instructions} <= {
        *("FROM", "LABEL", "RUN", "COPY", "ENV", "WORKDIR", "ENTRYPOINT", "CMD"),
    }
    copied = [
        source
        for keyword, words in instructions
        if keyword == "COPY"
        for source in words.split()[:-1]
    ]
    assert all((repository / source).exists() for source in copied)
    commands = " ".join(words for keyword, words in instructions if keyword == "RUN")
    assert "--requirement envs/requirements.lock" in commands
    assert {"envs/requirements.lock", "pyproject.toml", "workflow"} <= set(copied)


def test_the_base_image_has_the_python_of_the_lock(repository):
    recipe = (repository / "envs" / "Dockerfile").read_text()
    environment = (repository / "envs" / "cpu.yaml").read_text()
    (version,) = re.findall(r"- python=(\S+)", environment)
    assert f"FROM docker.io/library/python:{version}-slim" in recipe


def test_the_workflow_catalogue_finds_its_standard_files(repository):
    usage = yaml.safe_load((repository / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["software-stack-deployment"]["conda"] is True
    assert usage["mandatory-flags"]["flags"]
    for path in ("workflow/Snakefile", "config/README.md", "README.md"):
        assert (repository / path).is_file()
