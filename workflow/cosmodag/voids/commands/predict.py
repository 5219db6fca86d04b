"""``cosmodag voids predict``."""

from pathlib import Path

import click

from cosmodag.commands.options import (
    Finite,
    Structure,
    input_file,
    input_folder,
    output,
    threads,
)
from cosmodag.commands.stage import stage
from cosmodag.voids.commands.catalogue_options import (
    CatalogueCommand,
    catalogue_entry,
    catalogue_options,
)
from cosmodag.voids.outputs import PREDICTION

OF_FINDERS = (
    *("finder", "threshold", "minimum_radius", "maximum_radius", "smoothing", "ridge", "cell"),
    *("minimum_significance", "minimum_fraction_inside", "chance_samples"),
)
"""Keys of void catalogues that concern finders."""


@stage(
    cls=CatalogueCommand,
    epilog="Example: cosmodag voids predict galaxies.csv --box-size 420"
    " --run results/voids/runs/unet --output predicted-voids",
)
@click.argument("catalogue", type=click.Path(path_type=Path), nargs=-1, required=True)
@input_folder("--run", "Folder of a trained run of the task map.", required=True)
@input_folder(
    "--dataset", "Dataset of the run; by default searched in ../../datasets of its folder."
)
@input_file(
    "--grid", "Grid file of training, for a run with fields; by default that of its dataset."
)
@output("Folder of probabilities and catalogue of voids.", PREDICTION)
@click.option(
    "--axes",
    type=Structure(),
    help="Lines of sight of maps, as a list of the axes x (0), y (1) and z (2); z by default. "
    "Cubes have none.",
)
@click.option(
    "--threshold",
    type=Finite(min=0, max=1),
    help="Probability from which a pixel is part of a void; by default that of the run.",
)
@click.option(
    "--divide",
    type=Finite(min=0, min_open=True),
    help="Divide regions at ridges of the probability, smoothed by a Gaussian of this standard "
    "deviation in Mpc/h; by default voids that touch are one.",
)
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@catalogue_options(without=OF_FINDERS)
@threads
def command(
    catalogue,
    run,
    dataset,
    grid,
    output,
    axes,
    threshold,
    divide,
    device,
    threads,
    randoms,
    mask,
    **settings,
):
    """Predict voids in CATALOGUE, galaxies in a box or in a survey without labels.

    CATALOGUE are one or more files, or patterns of their names, in any format that a source of
    the configuration can have. Galaxies are assigned to cells of the size of those of training:
    sides of the box must be multiples of a pixel of the void map, or a voxel of the cube, of cells
    up to 1 % larger or smaller.

    A box needs --box-size, a survey --randoms, --mask or --estimate-footprint and a run that was
    trained on a simulated survey. Probabilities outside a survey are NaN.

    \b
    Files in the folder:
      probability.h5, .fits  of a run of maps: maps of each slab along each line
                             of sight, the probability that a sight line lies in
                             a void; of a run on cubes: a cube, the probability
                             that a voxel does
      voids.csv, .fits       voids: connected pixels or voxels above the threshold
      voids.png, .svg, .pdf  galaxies and predicted voids in some slices
      prediction.json        inputs, settings and warnings

    \b
    Columns of the catalogue of voids, lengths in Mpc/h:
      axis, slab             line of sight, number of the slab from 0; maps only
      lower, upper           faces of the slab along the line of sight; maps only
      x, y, z                centre; in a survey the observer is at 0
      ra, dec, redshift      centre on the sky, in a survey
      area; volume           in (Mpc/h)² of maps, in (Mpc/h)³ of a cube
      effective_radius       radius of the circle of equal area, or of the sphere
                             of equal volume
      ellipticity            maps: 1 - b/a of the ellipse of equal second moments;
                             cubes: 1 - (J1/J3)^(1/4) of the moments of inertia
      mean_probability, maximum_probability
      at_edge                whether it touches the edge of an open box or a survey
      fraction_inside        fraction of the volume of the sphere of
                             `effective_radius` inside the survey, in a survey

    A warning is given where number density or clustering are outside the range of the boxes that
    the network was trained on.
    """
    from cosmodag.voids.prediction.predict import predict_voids
    from cosmodag.voids.survey.search_settings import tracers_of
    from cosmodag.voids.survey.tracers import BoxTracers

    tracers = tracers_of(catalogue_entry(catalogue, randoms, mask, settings))
    predict_voids(
        tracers.catalogue if isinstance(tracers, BoxTracers) else tracers,
        run,
        output,
        dataset_folder=dataset,
        grid_file=grid,
        axes=axes,
        threshold=threshold,
        divide=divide,
        device=device,
        threads=threads,
    )
