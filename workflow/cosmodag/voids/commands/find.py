"""``cosmodag voids find``."""

from pathlib import Path

import click

from cosmodag.commands.options import input_file, output, settings_options, threads
from cosmodag.commands.stage import Stage, stage
from cosmodag.voids.outputs import VOIDS

ENTRY = "voids/void_catalogues/*"


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
@input_file(
    "--randoms",
    "Randoms of a survey. CATALOGUE then has right ascension, declination and redshift.",
    multiple=True,
)
@input_file("--mask", "HEALPix map of the completeness of a survey, in FITS, instead of randoms.")
@settings_options(ENTRY, without=("path",))
@settings_options(f"{ENTRY}/randoms", without=("path",), prefix="randoms_")
@settings_options(f"{ENTRY}/mask", without=("path",), prefix="mask_")
@threads
def command(catalogue, output, randoms, mask, threads, **settings):
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
      chance_fraction    voids of at least this size by chance, per void that is found
      contrast           of a basin, density of its ridge over that of its minimum
      significance       of a basin, the difference in units of Poisson noise
      ellipticity        of a basin, 0 for a sphere
    """
    from cosmodag.voids.survey.find_voids import find_voids
    from cosmodag.voids.survey.search_settings import search_of, tracers_of
    from cosmodag.voids.survey.void_files import write_voids

    given = (randoms, mask, settings["estimate_footprint"], settings["box_size"] is not None)
    if sum(map(bool, given)) != 1:
        raise click.UsageError(
            "give --randoms, --mask or --estimate-footprint for a survey with right ascension, "
            "declination and redshift, or --box-size for positions in a box: one of the four"
        )
    entry = {**settings, "path": list(catalogue)}
    if randoms:
        entry["randoms"] = {
            "path": list(randoms),
            "columns": settings["randoms_columns"],
            "weight": settings["randoms_weight"],
        }
    if mask:
        entry["mask"] = {"path": mask, "column": settings["mask_column"]}
    tracers, search = tracers_of(entry), search_of(entry)
    found = find_voids(tracers, search, threads=threads)
    used = settings | {"threshold": search.highest_overdensity}
    write_voids(output, found, used, inputs=tracers.files)
    click.echo(found.summarize())
