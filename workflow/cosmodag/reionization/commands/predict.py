"""``cosmodag reionization predict``."""

from pathlib import Path

import click

from cosmodag.commands.options import Finite, Structure, input_folder, output, threads
from cosmodag.commands.stage import stage
from cosmodag.reionization.outputs import PREDICTION


@stage(
    epilog="Example: cosmodag reionization predict delta_T.npy --box-size 128 --redshift 8"
    " --run results/reionization/runs/when --output predicted"
)
@click.argument("cube", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@input_folder("--run", "Folder of a trained run.", required=True)
@input_folder(
    "--dataset", "Dataset of the run; by default searched in ../../datasets of its folder."
)
@output("Folder of the table, the picture and the record.", PREDICTION)
@click.option("--array", help="Path of the cube in an HDF5 file that is not of 21cmFAST.")
@click.option(
    "--shape",
    type=Structure(),
    help="Cells along each axis of a raw file without a header that is not named by 21cmFAST, such"
    " as [64, 64, 64].",
)
@click.option(
    "--kind",
    type=click.Choice(["cube", "lightcone", "slices"]),
    help="What an array is: a coeval cube, a light-cone along the last axis, or slices along the"
    " first one. By default arrays with equal sides are cubes.",
)
@click.option(
    "--unit",
    type=click.Choice(["mK", "K"]),
    default="mK",
    help="Unit of the brightness temperature.",
)
@click.option(
    "--box-size",
    type=Finite(min=0, min_open=True),
    help="Side of the box across the line of sight in comoving Mpc, if the file does not record"
    " it.",
)
@click.option(
    "--redshift",
    type=Finite(min=0),
    help="Redshift, if the file does not record it; of a light-cone that of its first slice. Of"
    " cubes and slices it is needed only where the run has a beam, or noise by redshift.",
)
@click.option(
    "--axes",
    type=Structure(),
    help="Lines of sight of a cube, as a list of the axes x (0), y (1) and z (2); by default the"
    " axis of its redshift-space distortions, or [2].",
)
@click.option(
    "--stride-depth",
    type=click.IntRange(min=1),
    default=1,
    help="Distance between neighbouring slices in cells.",
)
@click.option(
    "--observed/--simulated",
    default=False,
    help="Whether the temperatures are measured: then beam, wedge and noise of the run, which they"
    " contain, are not applied.",
)
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@threads
def command(cube, run, dataset, output, axes, stride_depth, observed, device, threads, **stated):
    """Predict redshift, escape fraction or ionization from CUBE, without its density or labels.

    CUBE is a file of a coeval cube, a light-cone or slices: of 21cmFAST (raw, gzipped, HDF5 of
    version 3 or 4), NumPy (.npy), HDF5, FITS, with a header of C2-Ray or tools21cm, or raw
    little-endian float32 or float64. It contains the field that the run was trained on, in general
    the brightness temperature in mK, at any redshift.

    Slices are cut as those of training: in cells of the same size (means over larger cells are
    taken; cells that are larger than those of training are refused), of the same side (larger
    slices become several patches), through the same beam, without the wedge and the mean where
    training had none, and with the same noise.

    \b
    Files in the folder:
      predictions.csv, .fits  one row for the cube, and one for each slice
      slices.png, .svg, .pdf  slices as the network sees them, and predictions
      ionized.h5              of the task map: probabilities of all pixels
      posterior.h5            of the task posterior: samples of each slice
      prediction.json         inputs, settings, how slices were combined

    \b
    Columns of the table:
      id, part                name; cube or slice
      axis, slice, row, column  line of sight, and corner in cells
      position                along the line of sight in Mpc
      input_redshift          redshift that the file records
      all_zero                1 if the slice is 0 everywhere: fully ionized
      <quantity>              mean: redshift, escape_fraction, …
      <quantity>_low_68, …    ends of the 68 % and the 95 % interval
      p_<quantity>_<value>    calibrated probability of each class
      slice_mean, slice_std   mean and standard deviation in mK, with noise
      distance                from the training slices; 99 % of the validation
                              slices are below 1
      outside                 whether the distance is above 1: predictions are
                              then not reliable
      warning                 what is unlike the training slices, as text

    Slices of one cube are not independent. How much they know together is measured on the cubes of
    the validation set: log probabilities are averaged and multiplied by an effective number of
    slices, numbers are averaged and get intervals of the errors of such averages.
    """
    from cosmodag.reionization.cubes.input_cubes import ArrayFormat
    from cosmodag.reionization.prediction.input_slices import SliceSelection
    from cosmodag.reionization.prediction.predict import predict_cube

    predict_cube(
        cube,
        run,
        output,
        ArrayFormat(**stated),
        dataset_folder=dataset,
        selection=SliceSelection(axes, stride_depth, observed),
        device=device,
        threads=threads,
    )
