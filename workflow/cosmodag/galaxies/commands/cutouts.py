"""``cosmodag galaxies cutouts``."""

import click

from cosmodag.commands.options import Structure, input_file, output, settings_options
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File


@stage(
    epilog="Example: cosmodag galaxies cutouts --stamps accepted.txt --output cutouts.h5"
    """ --files '{"bands": ["g", "r", "z"], "pixel": 0.262}' --side 64"""
)
@input_file("--stamps", "Stamps file, or a list of files (one path per line).", required=True)
@click.option(
    "--files",
    type=Structure(),
    help="Format of the files of a list: bands (in order), pixel (arcsec per pixel), psf (FWHM in"
    " arcsec), dataset (name of the dataset in HDF5 files), and axes, extensions, files and"
    " zero_point as in the configuration.",
)
@input_file("--headers", "Table of the headers of the files of a list, of the filter.")
@click.option(
    "--catalogue",
    type=Structure(),
    help="Catalogue of the galaxies: path, key or ra and dec, radius, columns, group and unmatched"
    " as in the configuration.",
)
@click.option(
    "--batch",
    type=click.IntRange(min=0),
    default=0,
    help="Batch of the files of a list to read, from 0.",
)
@click.option(
    "--batches",
    type=click.IntRange(min=1),
    default=1,
    help="Number of batches of the files of a list.",
)
@output("Examples file.", Hdf5File("examples"))
@settings_options("galaxies/cutouts/*")
def command(stamps, files, headers, catalogue, batch, batches, output, **settings):
    """Crop or pad stamps to one size.

    By default the padding is noise with the background and scatter of each stamp.
    """
    from cosmodag.galaxies.cutouts.galaxy_stamps import cut_galaxies
    from cosmodag.galaxies.stamps.stamp_catalogue import open_catalogue
    from cosmodag.galaxies.stamps.stamp_files import open_path_list
    from cosmodag.galaxies.stamps.stamp_format import StampFormat
    from cosmodag.galaxies.stamps.stamps_file import open_stamps_file

    if files is None:
        collection = open_stamps_file(stamps)
    else:
        collection = open_path_list(
            stamps,
            StampFormat.from_mapping(files),
            headers=headers,
            catalogue=open_catalogue(catalogue),
            batch=batch,
            batches=batches,
        )
    cut_galaxies(collection, output, **settings)
