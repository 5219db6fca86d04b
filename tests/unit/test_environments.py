"""The lock, the project's dependencies and the conda environments agree."""

import re
import tomllib

import pytest
import yaml


@pytest.fixture(scope="module")
def lock(repository) -> dict[str, str]:
    lines = (repository / "envs" / "requirements.lock").read_text().splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {_name(name): version for name, version in pins}


def _name(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def test_every_dependency_is_locked(repository, lock):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    missing = [w for w in wanted if _name(re.split(r"[<>=]", w)[0]) not in lock]
    assert not missing


@pytest.mark.parametrize("environment", ["cpu", "gpu", "xeonphi"])
def test_conda_environments_have_the_versions_of_the_lock(repository, lock, environment):
    described = yaml.safe_load((repository / "envs" / f"{environment}.yaml").read_text())
    pins = []
    for entry in described["dependencies"]:
        if isinstance(entry, dict):
            pins += [pin.split("==") for pin in entry["pip"]]
        elif "=" in entry:
            pins.append(entry.split("=")[:2])
    pins = [(("torch" if name == "pytorch" else name), version) for name, version in pins]
    shared = {name: version for name, version in pins if _name(name) in lock}
    assert {"numpy", "numba", "torch", "h5py"} <= shared.keys()
    for name, version in shared.items():
        assert version == lock[_name(name)], name
