"""The simulator 21cmFAST, where it is installed.

Density, neutral fraction and brightness temperature in real space are those of 21cmFAST. The
redshift-space distortions are those of `brightness_temperature`, computed from the velocities of
21cmFAST along any axis.

References
----------
Mesinger, Furlanetto & Cen 2011, MNRAS 411, 955; Murray et al. 2020, JOSS 5, 2582.
"""

import contextlib
import importlib.util
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import h5py
import numpy as np

from cosmodag.cosmology.background import Cosmology
from cosmodag.errors import InputError
from cosmodag.reionization.simulation.brightness_temperature import redshift_space_cubes
from cosmodag.reionization.simulation.engine import Astrophysics, CoevalFields, SimulationBox

STAR_FRACTION_SLOPE, ESCAPE_FRACTION_SLOPE = 0.5, -0.5
"""Power-law slopes of the stellar and the escape fraction with halo mass in the published cubes."""


def is_installed() -> bool:
    """Return whether 21cmFAST can be imported."""
    return importlib.util.find_spec("py21cmfast") is not None


class Py21cmFastEngine:
    """21cmFAST without spin temperatures, recombinations and minihaloes.

    Parameters and methods are those of `engine.Engine`.

    Raises
    ------
    InputError
        If 21cmFAST is not installed.
    """

    def __init__(self, box: SimulationBox, *, threads: int = 1) -> None:
        if not is_installed():
            raise InputError(
                "engine '21cmfast': 21cmFAST is not installed; install it with `make 21cmfast` or "
                "choose the engine excursion_set"
            )
        self.box, self.threads = box, threads
        self.cosmology = Cosmology()

    def draw_initial_conditions(self, group: h5py.Group, seed: int) -> None:
        """Write the initial conditions of a realization as 21cmFAST computes them."""
        import py21cmfast

        group.attrs["seed"] = seed
        with _warnings_ignored():
            initial = py21cmfast.compute_initial_conditions(inputs=self._inputs(seed))
            for name in _required_arrays(initial):
                group[name] = initial.get(name)

    def simulate(
        self,
        group: h5py.Group,
        redshift: float,
        escape_fractions: Sequence[float],
        axes: Sequence[int],
        astrophysics: Astrophysics,
    ) -> CoevalFields:
        """Simulate the fields of a realization at a redshift."""
        import py21cmfast

        seed = int(group.attrs["seed"])
        astro_params = [
            {
                "F_STAR10": np.log10(astrophysics.star_fraction),
                "F_ESC10": np.log10(escape_fraction),
                "ALPHA_STAR": STAR_FRACTION_SLOPE,
                "ALPHA_ESC": ESCAPE_FRACTION_SLOPE,
                "M_TURN": np.log10(astrophysics.turnover_mass),
                "R_BUBBLE_MAX": min(astrophysics.mean_free_path, self.box.box_size),
            }
            for escape_fraction in escape_fractions
        ]
        neutral_fraction, real_space_temperature = [], []
        with _warnings_ignored():
            initial = py21cmfast.InitialConditions.new(self._inputs(seed))
            for name in _required_arrays(initial):
                array = getattr(initial, name).initialize().with_value(val=group[name][:])
                setattr(initial, name, array)
            matter = py21cmfast.perturb_field(
                redshift=redshift, initial_conditions=initial, inputs=self._inputs(seed)
            )
            for parameters in astro_params:
                ionized = py21cmfast.compute_ionization_field(
                    initial_conditions=initial,
                    perturbed_field=matter,
                    inputs=self._inputs(seed, **parameters),
                )
                brightness = py21cmfast.brightness_temperature(
                    ionized_box=ionized, perturbed_field=matter
                )
                neutral_fraction.append(ionized.get("neutral_fraction"))
                real_space_temperature.append(brightness.get("brightness_temp"))
            hubble = self._inputs(seed).cosmo_params.cosmo.H(redshift).to_value("1/s")
            displacement = np.stack(
                [matter.get(f"velocity_{axis}").ravel() / hubble for axis in "xyz"], axis=1
            ).astype(np.float32)
        position = self._cell_centres()
        brightness_temperature = (
            redshift_space_cubes(
                position,
                displacement,
                cube.ravel(),
                cells=self.box.cells,
                box_size=self.box.box_size,
                axes=axes,
                threads=self.threads,
            )
            for cube in real_space_temperature
        )
        return CoevalFields(
            matter.get("density"), np.stack(neutral_fraction), brightness_temperature
        )

    def _inputs(self, seed: int, **astro_params: float) -> Any:
        """Return the parameters of 21cmFAST for a realization."""
        import py21cmfast

        cosmology = self.cosmology
        return py21cmfast.InputParameters.from_template(
            "simple",
            random_seed=seed,
            SIGMA_8=cosmology.sigma8,
            hlittle=cosmology.hubble,
            OMm=cosmology.omega_m,
            OMb=cosmology.omega_b,
            POWER_INDEX=cosmology.n_s,
            HII_DIM=self.box.cells,
            DIM=self.box.particles,
            BOX_LEN=self.box.box_size,
            N_THREADS=self.threads,
            KEEP_3D_VELOCITIES=True,
            HII_FILTER="spherical-tophat",
            **({"R_BUBBLE_MAX": self.box.box_size / 3} | astro_params),
        )

    def _cell_centres(self) -> np.ndarray:
        """Return the centres of all cells in Mpc, shape (n³, 3), float32."""
        x = (np.arange(self.box.cells) + 0.5) * self.box.box_size
        x = (x / self.box.cells).astype(np.float32)
        return np.stack(np.meshgrid(x, x, x, indexing="ij"), axis=-1).reshape(-1, 3)


def _required_arrays(initial: Any) -> list[str]:
    """Return the names of the arrays that the evolution of matter on the coarse grid needs."""
    return [name for name in initial.arrays if name.startswith("lowres") or name == "hires_density"]


@contextlib.contextmanager
def _warnings_ignored() -> Iterator[None]:
    """Suppress the warnings of 21cmFAST about parameters that are chosen here on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
