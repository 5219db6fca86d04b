"""``cosmodag voids find``."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cosmodag.commands.options import Finite, NumberOrName, Structure, output, threads
from cosmodag.commands.stage import Stage, stage
from cosmodag.voids.outputs import VOIDS

if TYPE_CHECKING:
    from cosmodag.voids.survey.tracers import Tracers
    from cosmodag.voids.survey.void_search import VoidSearch

LENGTH = Finite(min=0, min_open=True)
FRACTION = Finite(min=0, max=1)
FILES = ("format", "table", "max_rejected")
"""Settings of all files."""


class FindCommand(Stage):
    """A command that refuses files of randoms without the option of their own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words after the command's name."""
        catalogue_first = bool(args) and not args[0].startswith("-")
        for option, _, word in zip(args, args[1:], args[2:]):
            if catalogue_first and option == "--randoms" and not word.startswith("-"):
                raise click.UsageError(
                    f"{word} would be read as galaxies; give --randoms before each file of "
                    "randoms, and the files of CATALOGUE together",
                    ctx,
                )
        return super().parse_args(ctx, args)


@stage(
    cls=FindCommand,
    epilog="Example: cosmodag voids find galaxies.fits --randoms randoms.fits --output voids",
)
@click.argument("catalogue", type=click.Path(path_type=Path), nargs=-1, required=True)
@output("Folder of voids.csv, voids.fits, slice.png and voids.json.", VOIDS)
@click.option(
    "--randoms",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Randoms of a survey. CATALOGUE then has right ascension, declination and redshift.",
)
@click.option(
    "--mask",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="HEALPix map of the completeness of a survey, in FITS, instead of randoms.",
)
@click.option(
    "--mask-column", type=NumberOrName(), help="Column of the completeness, if there are several."
)
@click.option(
    "--estimate-footprint",
    is_flag=True,
    help="Estimate the footprint of a survey from its galaxies, without randoms or a mask.",
)
@click.option("--box-size", type=Structure(), help="Side of a box in Mpc/h, or its three sides.")
@click.option(
    "--columns",
    type=Structure(),
    help='Columns of CATALOGUE; by default ["ra", "dec", "z"], in a box ["x", "y", "z"].',
)
@click.option(
    "--randoms-columns",
    type=Structure(),
    help="Columns of the randoms; by default those of CATALOGUE. With right ascension and "
    "declination alone, the radial selection is that of the galaxies.",
)
@click.option("--cz/--no-cz", default=False, help="Whether redshifts are given as c z in km/s.")
@click.option("--weight", type=NumberOrName(), help="Column of the weights of galaxies.")
@click.option("--randoms-weight", type=NumberOrName(), help="Column of the weights of randoms.")
@click.option("--format", help="Format of the files; by the ending of their names if absent.")
@click.option("--table", type=NumberOrName(), help="Table in HDF5 and FITS files with several.")
@click.option("--cut", type=Structure(), help='Cuts of galaxies, as {"column": {"max": -20}}.')
@click.option(
    "--minimum-redshift", type=Finite(min=0), default=0.0, help="Smallest redshift to use."
)
@click.option(
    "--maximum-redshift", type=Finite(min=0), default=20.0, help="Largest redshift to use."
)
@click.option(
    "--omega-m",
    type=Finite(min=0, max=1, min_open=True),
    default=0.3111,
    help="Density of matter, of flat ΛCDM, for distances.",
)
@click.option(
    "--minimum-completeness",
    type=FRACTION,
    default=0.5,
    help="Completeness, in units of its mean, below which the sky is outside the survey.",
)
@click.option(
    "--minimum-fraction-inside",
    type=FRACTION,
    default=0.98,
    help="Fraction of its volume that a void must have inside the survey.",
)
@click.option("--unit", default="Mpc/h", help="Unit of positions in a box.")
@click.option("--hubble", type=Finite(), help="H0 / (100 km/s/Mpc), for positions in Mpc or kpc.")
@click.option("--origin", type=Structure(), default="0", help="Lower corner of a box in Mpc/h.")
@click.option("--periodic/--no-periodic", default=True, help="Whether a box is periodic.")
@click.option(
    "--finder",
    type=click.Choice(["underdensity", "spheres", "watershed"]),
    default="underdensity",
    help="Spheres of a low mean density, unions of empty spheres, or basins of the density.",
)
@click.option(
    "--threshold",
    type=Finite(min=-1, max=0, min_open=True, max_open=True),
    help="Mean overdensity of galaxies in a void, for `underdensity` (-0.7 if absent), or that "
    "from which on cells belong to no void, for `watershed` (-0.3 if absent).",
)
@click.option(
    "--minimum-radius", type=LENGTH, default=10.0, help="Smallest radius of a void in Mpc/h."
)
@click.option(
    "--maximum-radius",
    type=LENGTH,
    help="Largest radius in Mpc/h, for `underdensity`; a quarter of the shortest side if absent.",
)
@click.option(
    "--smoothing",
    type=LENGTH,
    help="Standard deviation in Mpc/h of the Gaussian that smooths the density, for `watershed`; "
    "half the minimum radius if absent.",
)
@click.option(
    "--ridge",
    type=FRACTION,
    default=0.2,
    help="Density of a ridge, in units of the mean, below which it does not divide voids unless it "
    "is significant, for `watershed`.",
)
@click.option(
    "--minimum-significance",
    type=Finite(min=0),
    default=2.5,
    help="Smallest height of the ridge of a void over its minimum in standard deviations of "
    "Poisson noise, for `watershed`.",
)
@click.option(
    "--cell",
    type=LENGTH,
    help="Cells of the grid in Mpc/h; a fifth of the minimum radius if absent.",
)
@click.option(
    "--max-rejected",
    type=Finite(min=0, max=1, max_open=True),
    default=0.05,
    help="Largest fraction of rows that may be left out because they cannot be used.",
)
@threads
def command(catalogue, output, randoms, mask, box_size, threads, **settings):
    """Find voids among the galaxies of CATALOGUE, in a survey or in a box.

    A survey needs --randoms, --mask or --estimate-footprint, a box --box-size. CATALOGUE is a file,
    or several files.

    \b
    Columns of the table, one row per void:
      void               its number
      x, y, z            centre in Mpc/h; in a survey the observer is at 0
      ra, dec, redshift  centre on the sky, in a survey
      radius             of the (maximal) sphere in Mpc/h; of a basin, the effective radius
      effective_radius   of the sphere of equal volume in Mpc/h
      volume             in (Mpc/h)³
      overdensity        mean of the galaxies in the (maximal) sphere, or in the basin
      n_galaxies         in that sphere or basin
      fraction_inside    fraction of the volume of the sphere of `radius` inside the survey
      contrast           of a basin, density of its ridge over that of its minimum
      significance       of a basin, the difference in units of Poisson noise
      ellipticity        of a basin, 0 for a sphere
    """
    from cosmodag.voids.survey.find_voids import find_voids
    from cosmodag.voids.survey.void_files import write_voids

    search = _search(settings)
    settings["threshold"] = search.highest_overdensity
    given = (randoms, mask, settings["estimate_footprint"], box_size is not None)
    if sum(map(bool, given)) != 1:
        raise click.UsageError(
            "give --randoms, --mask or --estimate-footprint for a survey with right ascension, "
            "declination and redshift, or --box-size for positions in a box: one of the four"
        )
    if box_size is None:
        tracers = _survey(catalogue, randoms, mask, settings)
    else:
        tracers = _box(catalogue, box_size, settings)
    found = find_voids(tracers, search, threads=threads)
    write_voids(output, found, {"box_size": box_size, **settings}, inputs=tracers.files)
    click.echo(found.summarize())


def _pick(settings: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the settings of the given names."""
    return {name: settings[name] for name in names}


def _search(settings: Mapping[str, Any]) -> "VoidSearch":
    """Return how voids are found."""
    from cosmodag.voids.survey.void_search import VoidSearch

    return VoidSearch(**_pick(settings, (field.name for field in fields(VoidSearch))))


def _survey(
    catalogue: Sequence[Path],
    randoms: Sequence[Path],
    mask: Path | None,
    settings: Mapping[str, Any],
) -> "Tracers":
    """Return the galaxies of a survey, with what states its footprint."""
    from cosmodag.voids.catalogues.sky_catalogue import SkyCatalogue
    from cosmodag.voids.survey.tracers import SurveyTracers

    shared = _pick(settings, (*FILES, "cz", "minimum_redshift", "maximum_redshift"))
    columns = settings["columns"] or ["ra", "dec", "z"]
    return SurveyTracers(
        galaxies=SkyCatalogue(
            path=list(catalogue),
            columns=columns,
            weight=settings["weight"],
            cut=settings["cut"],
            **shared,
        ),
        randoms=SkyCatalogue(
            path=list(randoms),
            columns=settings["randoms_columns"] or columns,
            weight=settings["randoms_weight"],
            **shared,
        )
        if randoms
        else None,
        mask=mask,
        **_pick(settings, ("mask_column", "omega_m", "minimum_completeness")),
    )


def _box(
    catalogue: Sequence[Path], box_size: float | list[float], settings: Mapping[str, Any]
) -> "Tracers":
    """Return the galaxies of a box."""
    from cosmodag.voids.commands.catalogue import galaxy_catalogue
    from cosmodag.voids.survey.tracers import BoxTracers

    names = ("weight", "cut", "unit", "hubble", "origin", "periodic", *FILES)
    columns = settings["columns"] or ["x", "y", "z"]
    return BoxTracers(
        galaxy_catalogue(
            list(catalogue), box_size=box_size, columns=columns, **_pick(settings, names)
        )
    )
