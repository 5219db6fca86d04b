"""Files of the void experiment and resources of its jobs, derived from the configuration."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

from cosmodag.dag.common import format_options
from cosmodag.dag.experiment_files import ExperimentFiles, file_mb
from cosmodag.file_patterns import find_files
from cosmodag.voids.box_cells import chunk_side, is_observed
from cosmodag.voids.checks import OF_MATTER
from cosmodag.voids.fields.field_checks import input_fields

BASE_MB = 1200
"""Memory of a job without data in MB: numba, h5py, compiled kernels, and Snakemake around it."""
GALAXY_BYTES = 17
"""Size of a galaxy in a galaxies file."""
MASK_BYTES = 0.2
"""Size of a cell in all masks of a labels file, compressed."""
COLUMNS_MB_PER_MB, GRID_MB_PER_MB = 8, 100
"""Memory of a search for voids per size of its inputs: columns and positions of galaxies and
randoms, and the grid, for about 80 cells per galaxy and 32 bytes per galaxy in a file."""
LATTICE_MB = 600
"""Memory of the points at which the selection function of a survey is evaluated at a time."""
LARGEST_GRID_MB = 40 * 2**27 / 1e6
"""Memory of the largest grid that is searched for voids."""
FOOTPRINTS = ("randoms", "mask")
"""Keys of a void catalogue with files that state the footprint of a survey."""
INPUT_SECTIONS = {"grid": "grids", "labels": "labels"}
"""Sections that the keys of an entry of cutouts refer to."""


class VoidsFiles(ExperimentFiles):
    """Files and resources of the void experiment.

    A source is a simulation, in batches of boxes, or a catalogue, which is one box. A void
    catalogue is that of a finder, of a survey or of a box. The methods take the names of entries of
    the configuration and the number of a batch.

    Parameters
    ----------
    config : mapping
        The completed configuration.
    """

    NAME = "voids"
    SECTIONS = (
        *("sources", "grids", "labels", "cutouts", "datasets", "runs"),
        *("statistics", "void_catalogues"),
    )

    @property
    def products(self) -> list[str]:
        """Folders of the statistics of voids, and of the void catalogues of surveys and boxes."""
        return [
            f"{self.root}/{section}/{name}"
            for section in ("statistics", "void_catalogues")
            for name in self.names(section)
        ]

    def simulate_inputs(self, source: str) -> dict[str, list[str]]:
        """Return the files of the survey by which a simulation is observed, by option."""
        survey = self.config["sources"][source]["simulation"].get("survey", {})
        return {
            f"survey_{kind}": list(map(str, find_files(survey[kind]["path"])))
            for kind in FOOTPRINTS
            if kind in survey
        }

    def survey_options(self, source: str) -> str:
        """Return the option with the survey by which a simulation is observed, if there is one."""
        return format_options({"survey": self._survey(source)})

    def _survey(self, source: str) -> dict | None:
        """Return the settings of the survey of a simulation without its paths."""
        survey = self.config["sources"][source]["simulation"].get("survey")
        return survey and {
            key: {name: each for name, each in value.items() if name != "path"}
            if key in FOOTPRINTS
            else value
            for key, value in survey.items()
        }

    def find_inputs(self, name: str) -> dict[str, list[str]]:
        """Return the files of galaxies, and of the randoms or the mask, of a void catalogue."""
        entry = self.config["void_catalogues"][name]
        paths = {"galaxies": entry["path"]}
        paths |= {kind: entry[kind]["path"] for kind in FOOTPRINTS if kind in entry}
        return {kind: list(map(str, find_files(path))) for kind, path in paths.items()}

    def footprint_options(self, name: str) -> str:
        """Return the options for the columns of the randoms or of the mask, if there are any."""
        entry = self.config["void_catalogues"][name]
        return format_options(
            {
                f"{kind}_{key}": value
                for kind in FOOTPRINTS
                for key, value in entry.get(kind, {}).items()
                if key != "path"
            }
        )

    def find_mb(self, name: str) -> float:
        """Return the memory of a search in MB: columns of all files, and the grid.

        There are so many cells per galaxy that the smallest void contains several galaxies.
        """
        sizes = {kind: sum(map(file_mb, paths)) for kind, paths in self.find_inputs(name).items()}
        grid = min(GRID_MB_PER_MB * sizes["galaxies"], LARGEST_GRID_MB)
        return 2 * BASE_MB + COLUMNS_MB_PER_MB * sum(sizes.values()) + grid

    def catalogue_files(self, source: str) -> list[str]:
        """Return the files of a galaxy catalogue, with variables and patterns replaced."""
        return list(map(str, find_files(self.config["sources"][source]["catalogue"]["path"])))

    def galaxies_file(self, section: str, name: str, batch: str) -> str:
        """Return the galaxies file of a batch that an entry of grids or labels uses."""
        return f"{self.root}/sources/{self.config[section][name]['source']}/galaxies_{batch}.h5"

    def grid_inputs(self, grid: str, batch: str) -> dict[str, list[str]]:
        """Return the galaxies of a grid, and the files of its pilot boxes, by option."""
        files = {"galaxies": [self.galaxies_file("grids", grid, batch)]}
        pilots = self.config["grids"][grid].get("pilots")
        if pilots is None:
            return files
        source = self.config["grids"][pilots]["source"]
        batches = [str(number) for number in self.batches(source)]
        files["pilots"] = [f"{self.root}/grids/{pilots}/{number}.h5" for number in batches]
        files["pilots_matter"] = [self.matter_file(source, number) for number in batches]
        return files

    def label_inputs(self, labels: str, batch: str) -> dict[str, str]:
        """Return the files in which a set of labels is found, by command-line option.

        Of boxes that a survey observes, it is the matter alone.
        """
        entry = self.config["labels"][labels]
        source = self.config["sources"][entry["source"]]
        files = {}
        if not is_observed(source):
            files["galaxies"] = self.galaxies_file("labels", labels, batch)
        if entry.keys() & set(OF_MATTER):
            files["matter_grid"] = self.matter_file(entry["source"], batch)
        if entry["catalogue"]:
            files["void_catalogue"] = os.path.expandvars(source["catalogue"]["voids"]["path"])
        return files

    def void_catalogue_options(self, labels: str) -> str:
        """Return the options with columns and unit of the void catalogue, if there is one."""
        entry = self.config["labels"][labels]
        if not entry["catalogue"]:
            return ""
        voids = self.config["sources"][entry["source"]]["catalogue"]["voids"]
        return format_options({"void_settings": voids})

    def statistics_inputs(self, statistics: str) -> dict[str, list[str]]:
        """Return the files of all boxes whose voids are measured, by option."""
        entry = self.config["statistics"][statistics]
        source = self.config["labels"][entry["labels"]]["source"]
        batches = [str(batch) for batch in self.batches(source)]
        files = {
            "labels": [f"{self.root}/labels/{entry['labels']}/{batch}.h5" for batch in batches],
            "galaxies": [self.galaxies_file("labels", entry["labels"], batch) for batch in batches],
        }
        if "simulation" in self.config["sources"][source]:
            files["matter"] = [self.matter_file(source, batch) for batch in batches]
        if "grid" in entry:
            files["grid"] = [f"{self.root}/grids/{entry['grid']}/{batch}.h5" for batch in batches]
        return files

    def cutout_input(self, cutouts: str, key: str, batch: str) -> str:
        """Return the grid file or the labels file, by its key, that sub-boxes are cut from."""
        name = self.config["cutouts"][cutouts][key]
        return f"{self.root}/{INPUT_SECTIONS[key]}/{name}/{batch}.h5"

    def examples(self, cutouts: str) -> list[str]:
        """Return the examples files of an entry of cutouts, one per batch."""
        batches = self.batches(self._source(cutouts))
        return [f"{self.root}/cutouts/{cutouts}/{batch}.h5" for batch in batches]

    def _source(self, cutouts: str) -> str:
        """Return the source of an entry of cutouts."""
        return self.config["grids"][self.config["cutouts"][cutouts]["grid"]]["source"]

    def baseline_inputs(self, dataset: str) -> dict[str, list[str]]:
        """Return the grids, the labels and, where simulated, the matter of the boxes of a dataset.

        Baselines search for voids in them.
        """
        entry = self.config["datasets"][dataset]
        batches = [
            (cutouts, str(batch))
            for cutouts in (entry[key] for key in ("cutouts", "test") if key in entry)
            for batch in self.batches(self._source(cutouts))
        ]
        files = {
            key: [self.cutout_input(cutouts, key, batch) for cutouts, batch in batches]
            for key in INPUT_SECTIONS
        }
        matter = [
            self.matter_file(self._source(cutouts), batch)
            for cutouts, batch in batches
            if "simulation" in self.config["sources"][self._source(cutouts)]
        ]
        return {**files, "matter": list(dict.fromkeys(matter))} if matter else files

    def matter_file(self, source: str, batch: str) -> str:
        """Return the grid file of the matter of a batch of simulated boxes."""
        return f"{self.root}/sources/{source}/matter_{batch}.h5"

    def simulate_mb(self, source: str) -> float:
        """Return the memory of a simulation in MB: positions, velocities, displacements, meshes.

        Columns of the randoms of a survey come beside them.
        """
        particles = self.config["sources"][source]["simulation"]["particles"] ** 3
        survey = sum(
            file_mb(path) for paths in self.simulate_inputs(source).values() for path in paths
        )
        return BASE_MB + particles * 200 / 1e6 + COLUMNS_MB_PER_MB * survey

    def simulate_minutes(self, source: str) -> float:
        """Return the time of a batch of simulations in minutes, with a wide margin."""
        simulation = self.config["sources"][source]["simulation"]
        steps = simulation["batch"] * simulation["steps"]
        return 10 + steps * simulation["particles"] ** 3 / 1e8

    def simulate_disk_mb(self, source: str) -> float:
        """Return the size of a batch of galaxies and their matter in MB."""
        simulation = self.config["sources"][source]["simulation"]
        galaxies = simulation["number_density"] * simulation["box_size"] ** 3
        matter = _stored_cells(simulation["matter_cells"])
        return simulation["batch"] * (GALAXY_BYTES * galaxies + 4 * matter) / 1e6

    def catalogue_disk_mb(self, source: str) -> float:
        """Return the size of a galaxies file in MB: at most that of the files of the catalogue."""
        return sum(map(file_mb, self.catalogue_files(source)))

    def grid_disk_mb(self, grid: str) -> float:
        """Return the size of the grids of a batch in MB."""
        entry = self.config["grids"][grid]
        n_grids = 1 + len(input_fields(self.config, entry))
        return self._boxes(entry["source"]) * 4 * n_grids * _stored_cells(entry["cells"]) / 1e6

    def label_disk_mb(self, labels: str) -> float:
        """Return the size of the compressed masks of a batch in MB."""
        entry = self.config["labels"][labels]
        return self._boxes(entry["source"]) * MASK_BYTES * _cells(entry["mesh"]) / 1e6

    def _boxes(self, source: str) -> int:
        """Return the number of boxes in a batch."""
        return self.config["sources"][source].get("simulation", {}).get("batch", 1)

    def grid_mb(self, grid: str) -> float:
        """Return the memory of mass assignment in MB: the grid, a chunk of galaxies, fields.

        In a survey these are its selection function and the points at which it is evaluated.
        """
        entry = self.config["grids"][grid]
        if is_observed(self.config["sources"][entry["source"]]):
            return BASE_MB + LATTICE_MB + _cells(entry["cells"]) * 48 / 1e6
        bytes_per_cell = 120 if "pilots" in entry else 48 if "fields" in entry else 8
        return BASE_MB + _cells(entry["cells"]) * bytes_per_cell / 1e6

    def label_mb(self, labels: str) -> float:
        """Return the memory of void finding in MB: fields and masks on the mesh."""
        return 2 * BASE_MB + _cells(self.config["labels"][labels]["mesh"]) * 40 / 1e6

    def statistics_mb(self, statistics: str) -> float:
        """Return the memory of the statistics of voids in MB: galaxies and fields of one box."""
        entry = self.config["statistics"][statistics]
        labels = self.config["labels"][entry["labels"]]
        cells = _cells(labels["mesh"]) * 40
        simulation = self.config["sources"][labels["source"]].get("simulation")
        if simulation is None:
            galaxies = 150 * self.catalogue_disk_mb(labels["source"]) * 1e6 / GALAXY_BYTES
        else:
            galaxies = 150 * simulation["number_density"] * simulation["box_size"] ** 3
            cells += simulation["matter_cells"] ** 3 * 8
        if "grid" in entry:
            cells += _cells(self.config["grids"][entry["grid"]]["cells"]) * 120
        return BASE_MB + (cells + galaxies) / 1e6

    def cutouts_mb(self, cutouts: str) -> float:
        """Return the memory of cutting in MB: sums of a few slices of grid, fields and masks."""
        grid = self.config["grids"][self.config["cutouts"][cutouts]["grid"]]
        bytes_per_cell = 500 * (1 + len(input_fields(self.config, grid)))
        return BASE_MB + bytes_per_cell * _cells(grid["cells"]) ** (2 / 3) / 1e6


def _cells(size: int | Sequence[int]) -> int:
    """Return the number of cells of a mesh."""
    nx, ny, nz = (size,) * 3 if isinstance(size, int) else size
    return nx * ny * nz


def _stored_cells(size: int | Sequence[int]) -> int:
    """Return the number of cells that a grid file stores, in whole chunks."""
    sides = (size,) * 3 if isinstance(size, int) else size
    chunks = [chunk_side(side) for side in sides]
    return math.prod(-(-side // chunk) * chunk for side, chunk in zip(sides, chunks))
