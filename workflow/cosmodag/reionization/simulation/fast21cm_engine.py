"""21cmFAST (Mesinger, Furlanetto & Cen 2011; Murray et al. 2020, JOSS 5, 2582), where installed.

Its density, neutral fraction and brightness temperature in real space are taken as they are;
redshift-space distortions are those of `brightness_temperature`, from its velocities along any
axis.
"""

import contextlib
import importlib.util
import warnings
from collections.abc import Iterator, Sequence

import h5py
import numpy as np

from cosmodag.cosmology.background import Cosmology
from cosmodag.errors import InputError
from cosmodag.reionization.simulation.brightness_temperature import in_redshift_space
from cosmodag.reionization.simulation.engine import Coeval, Universe

SLOPES = (0.5, -0.5)
"""Slopes with mass of the fractions in stars and of photons that escape, as in published cubes."""


def installed() -> bool:
    """Whether 21cmFAST can be imported."""
    return importlib.util.find_spec("py21cmfast") is not None


class Fast21cm:
    """21cmFAST without spin temperatures, recombinations and minihaloes.

    Parameters and methods as in `reionization_engine.Engine`.

    Raises
    ------
    InputError
        It is not installed.
    """

    def __init__(self, universe: Universe, *, threads: int = 1) -> None:
        if not installed():
            raise InputError(
                "engine '21cmfast': 21cmFAST is not installed; install it with `make 21cmfast` or "
                "choose the engine excursion_set"
            )
        self.universe, self.threads = universe, threads
        self.cosmology = Cosmology()

    def draw(self, group: h5py.Group, seed: int) -> None:
        """Write 21cmFAST's initial conditions of a realization."""
        import py21cmfast

        group.attrs["seed"] = seed
        with _quiet():
            initial = py21cmfast.compute_initial_conditions(inputs=self._inputs(seed))
            for name in _needed(initial):
                group[name] = initial.get(name)

    def coeval(
        self,
        group: h5py.Group,
        redshift: float,
        escape_fractions: Sequence[float],
        axes: Sequence[int],
        *,
        star_fraction: float,
        turnover_mass: float,
        mean_free_path: float,
    ) -> Coeval:
        """Simulate the fields of a realization at a redshift."""
        import py21cmfast

        seed = int(group.attrs["seed"])
        astrophysics = [
            {
                "F_STAR10": np.log10(star_fraction),
                "F_ESC10": np.log10(escape),
                "ALPHA_STAR": SLOPES[0],
                "ALPHA_ESC": SLOPES[1],
                "M_TURN": np.log10(turnover_mass),
                "R_BUBBLE_MAX": min(mean_free_path, self.universe.box_size),
            }
            for escape in escape_fractions
        ]
        neutral, temperature = [], []
        with _quiet():
            initial = py21cmfast.InitialConditions.new(self._inputs(seed))
            for name in _needed(initial):
                held = getattr(initial, name).initialize().with_value(val=group[name][:])
                setattr(initial, name, held)
            matter = py21cmfast.perturb_field(
                redshift=redshift, initial_conditions=initial, inputs=self._inputs(seed)
            )
            for parameters in astrophysics:
                ionized = py21cmfast.compute_ionization_field(
                    initial_conditions=initial,
                    perturbed_field=matter,
                    inputs=self._inputs(seed, **parameters),
                )
                brightness = py21cmfast.brightness_temperature(
                    ionized_box=ionized, perturbed_field=matter
                )
                neutral.append(ionized.get("neutral_fraction"))
                temperature.append(brightness.get("brightness_temp"))
            hubble = self._inputs(seed).cosmo_params.cosmo.H(redshift).to_value("1/s")
            shift = np.stack(
                [matter.get(f"velocity_{axis}").ravel() / hubble for axis in "xyz"], axis=1
            ).astype(np.float32)
        position = self._centres()
        maps = (
            in_redshift_space(
                position,
                shift,
                field.ravel(),
                cells=self.universe.cells,
                box_size=self.universe.box_size,
                axes=axes,
                threads=self.threads,
            )
            for field in temperature
        )
        return Coeval(matter.get("density"), np.stack(neutral), maps)

    def _inputs(self, seed: int, **astrophysics: float):
        """Parameters of 21cmFAST for a realization."""
        import py21cmfast

        told = self.cosmology
        return py21cmfast.InputParameters.from_template(
            "simple",
            random_seed=seed,
            SIGMA_8=told.sigma8,
            hlittle=told.hubble,
            OMm=told.omega_m,
            OMb=told.omega_b,
            POWER_INDEX=told.n_s,
            HII_DIM=self.universe.cells,
            DIM=self.universe.particles,
            BOX_LEN=self.universe.box_size,
            N_THREADS=self.threads,
            KEEP_3D_VELOCITIES=True,
            HII_FILTER="spherical-tophat",
            **({"R_BUBBLE_MAX": self.universe.box_size / 3} | astrophysics),
        )

    def _centres(self) -> np.ndarray:
        """Centres of all cells, (n³, 3) float32, Mpc."""
        along = (np.arange(self.universe.cells) + 0.5) * self.universe.box_size
        along = (along / self.universe.cells).astype(np.float32)
        return np.stack(np.meshgrid(along, along, along, indexing="ij"), axis=-1).reshape(-1, 3)


def _needed(initial) -> list[str]:
    """Arrays of the initial conditions that moving matter on the coarse grid takes."""
    return [name for name in initial.arrays if name.startswith("lowres") or name == "hires_density"]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep 21cmFAST's warnings, of choices that are made here on purpose, from the log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
