"""Statistics of simulated boxes: the theory of their cosmology, and their reconstructed matter."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.cosmology.matter_power import matter_power_spectrum
from cosmodag.voids.commands.statistics import command
from cosmodag.voids.finders.labels_file import label_boxes
from cosmodag.voids.grids.assign_galaxies import grid_galaxies
from cosmodag.voids.simulation.realizations import BoxSimulation, simulate_boxes
from cosmodag.voids.statistics.excursion_set import size_function

SETTINGS = {"box_size": 96.0, "particles": 48, "number_density": 0.02, "matter_cells": 48}
COSMOLOGY = {"omega_m": [0.25, 0.35]}
REDSHIFT = 0.5
FIELDS = {
    **{key: [] for key in ("smoothing", "thresholds", "matter_radii", "matter_thresholds")},
    "minimum_radius": 6.0,
}
SPHERES = {"threshold": -0.5, "minimum_radius": 6.0}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Files of two boxes, and of two pilot boxes."""
    folder = tmp_path_factory.mktemp("simulated")
    files = {}
    made = {}
    for source, seed in (("pilots", 2), ("boxes", 1)):
        galaxies, matter = folder / f"{source}_galaxies.h5", folder / f"{source}_matter.h5"
        simulation = BoxSimulation(
            **SETTINGS, steps=5, redshift=REDSHIFT, seed=seed, cosmology=COSMOLOGY
        )
        simulate_boxes(galaxies, matter, simulation, source=source, realizations=[0, 1])
        grid = folder / f"{source}_grid.h5"
        grid_galaxies(galaxies, grid, cells=48, **made)
        files[source] = galaxies, matter, grid
        made = {"fields": FIELDS, "pilots": [grid], "pilots_matter": [matter]}
    label_boxes(
        folder / "labels.h5",
        labels={"matter_spheres": SPHERES},
        mesh=48,
        galaxies_file=files["boxes"][0],
        matter_grid=files["boxes"][1],
    )
    return folder / "labels.h5", files


@pytest.fixture(scope="module")
def results(simulated, tmp_path_factory):
    """Folder that the command writes."""
    labels, files = simulated
    output = tmp_path_factory.mktemp("results") / "statistics"
    words = [f"--labels={labels}", f"--output={output}", "--matter-threshold=-0.5"]
    names = ("galaxies", "matter", "grid")
    words += [f"--{name}={path}" for name, path in zip(names, files["boxes"])]
    done = CliRunner().invoke(command, [*words, "--minimum-voids=3"])
    assert done.exit_code == 0, done.output
    return output


def test_boxes_record_their_cosmology_and_its_linear_power(simulated):
    with h5py.File(simulated[1]["boxes"][0]) as file:
        for box in file.values():
            cosmology = Cosmology(**{key: box.attrs[key] for key in vars(Cosmology())})
            assert 0.25 < cosmology.omega_m < 0.35
            assert box.attrs["redshift"] == REDSHIFT
            np.testing.assert_array_equal(
                box.attrs["linear_power"], matter_power_spectrum(cosmology)
            )


def test_the_theory_is_that_of_each_box_at_its_redshift(simulated, results):
    sizes = pd.read_csv(results / "sizes.csv")
    sizes = sizes[sizes["sample"] == "matter_spheres"]
    middle = np.sqrt(sizes["lower_mpc_h"] * sizes["upper_mpc_h"]).to_numpy()
    expected = []
    with h5py.File(simulated[1]["boxes"][0]) as file:
        for box in file.values():
            k, power = box.attrs["linear_power"]
            growth = Growth(box.attrs["omega_m"]).first_order(REDSHIFT)
            expected.append(size_function(middle, SPHERES["threshold"], (k, power * growth**2)))
    np.testing.assert_allclose(sizes["theory_h3_mpc3"], np.mean(expected, axis=0), rtol=0.03)
    np.testing.assert_allclose(
        sizes["ratio"], sizes["dn_dlnr_h3_mpc3"] / sizes["theory_h3_mpc3"], rtol=1e-4
    )
    theory = json.loads((results / "statistics.json").read_text())["samples"]["matter_spheres"][
        "theory"
    ]
    used = sizes[sizes["n_voids"] >= 3]
    assert theory["n_bins"] == len(used) > 1
    assert theory["ratio"]["value"] == pytest.approx(used["ratio"].mean(), rel=1e-4)
    assert theory["ratio"]["error"] > 0


def test_true_and_found_voids_stand_side_by_side(results):
    content = json.loads((results / "statistics.json").read_text())
    samples = content["samples"]
    assert list(samples) == ["matter_spheres", "found_galaxies", "found_matter"]
    assert samples["found_matter"]["settings"] == {"threshold": -0.5, "minimum_radius": 6.0}
    assert samples["found_galaxies"]["theory"] is None
    assert samples["found_matter"]["theory"] is not None
    numbers = [each["n_voids"] for each in samples.values()]
    assert min(numbers) > 0.5 * max(numbers)
    profiles = pd.read_csv(results / "profiles.csv")
    inside = profiles[profiles["upper_r"] < 0.8].groupby("sample")["matter"].mean()
    assert (inside < -0.4).all()
    assert content["sentence"].startswith("Voids in 2 boxes: ")
