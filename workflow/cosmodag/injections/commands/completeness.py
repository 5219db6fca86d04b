"""``cosmodag injections completeness``."""

from pathlib import Path

import click

from cosmodag.commands.options import Structure, input_file, output
from cosmodag.commands.stage import stage
from cosmodag.injections.outputs import COMPLETENESS


@stage(
    epilog="""Example: cosmodag injections completeness transfer/completeness.json"""
    """ --at '{"r": 22.5, "size": 0.5}'"""
)
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--at", type=Structure(), help="A point, or several points in a list: features by name."
)
@input_file("--table", "Table with a row per point and features as columns: FITS, CSV or Parquet.")
@output(
    "Table with the columns completeness and outside after those of --table, CSV.",
    COMPLETENESS,
    required=False,
)
def command(model, at, table, output):
    """Evaluate a MODEL of completeness at points.

    Features are magnitudes, corrected for Galactic extinction, and sizes in arcsec, with the names
    in the model, such as r, size, g_minus_r, depth_r and seeing_r. A colour may also be given by
    both magnitudes. Features that are left out take the median of the injections.
    """
    from cosmodag.imaging.object_tables import read_object_table
    from cosmodag.injections.transfer.completeness_model import CONSTANT, read_model
    from cosmodag.injections.transfer.completeness_points import (
        CURE,
        table_of_points,
        write_points,
    )

    if (at is None) == (table is None) or (table is None) != (output is None):
        raise click.UsageError("give either --at, or --table with --output")
    fitted = read_model(model)
    if fitted.form == CONSTANT:
        click.echo("the model is the mean: no feature improved its predictions", err=True)
    points = table_of_points(at) if table is None else read_object_table(table, CURE)
    if table is None:
        fitted.check_names(points)
    result = fitted.at(points)
    for name, median in fitted.left_out(points).items():
        click.echo(f"{name} is not given: {median:.4g}, the median of the injections", err=True)
    if output is not None:
        write_points(output, points.assign(**result), inputs=[model, table])
        click.echo(
            f"{len(result):,} points, {int(result['outside'].sum()):,} outside the injections"
        )
        return
    for row in result.itertuples():
        note = " (outside the range of the injections)" if row.outside else ""
        click.echo(f"{row.completeness:.4f}{note}")
