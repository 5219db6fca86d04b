"""``cosmodag voids label``."""

import os
from typing import TYPE_CHECKING

import click

from cosmodag import settings as schema
from cosmodag.commands.options import Structure, input_file, output, settings_options, threads
from cosmodag.commands.stage import stage
from cosmodag.output_kinds import Hdf5File

if TYPE_CHECKING:
    from cosmodag.rejections import Rejections


@stage(epilog="Example: cosmodag voids label --galaxies g.h5 --spheres '{}' --output voids.h5")
@input_file("--galaxies", "Galaxies file, for labels found among them.")
@input_file("--matter-grid", "Grid file of the matter, for labels found in the matter.")
@input_file("--void-catalogue", "Void catalogue, for the label `catalogue`.")
@click.option(
    "--void-settings", type=Structure(), default="{}", help="Columns and unit of the catalogue."
)
@output("Labels file.", Hdf5File("labels"))
@settings_options("voids/labels/*")
@threads
def command(
    galaxies, matter_grid, void_catalogue, void_settings, output, mesh, threads, **definitions
):
    """Find the voids by each of the given definitions."""
    from cosmodag.rejections import Rejections
    from cosmodag.voids.finders.labels_file import label_boxes

    labels = {
        name: schema.with_defaults(definition, f"voids/labels/*/{name}")
        for name, definition in definitions.items()
        if definition is not None
    }
    catalogue, rejections = None, Rejections("voids")
    if void_catalogue is not None:
        if galaxies is None:
            raise click.UsageError("--void-catalogue needs --galaxies, whose box it is in")
        labels["catalogue"] = {}
        catalogue, rejections = _read_voids(galaxies, void_catalogue, void_settings)
    label_boxes(
        output,
        labels=labels,
        galaxies_file=galaxies,
        matter_grid=matter_grid,
        catalogue=catalogue,
        catalogue_file=void_catalogue,
        files=[rejections.write(output)],
        mesh=mesh,
        threads=threads,
    )


def _read_voids(
    galaxies: os.PathLike, path: os.PathLike, settings: dict
) -> tuple[dict, "Rejections"]:
    """Read the void catalogue of the only box of a galaxies file, by the name of the box."""
    from cosmodag.rejections import Rejections
    from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
    from cosmodag.voids.catalogues.galaxies_file import describe_boxes
    from cosmodag.voids.catalogues.sphere_catalogue import read_spheres

    settings = schema.with_defaults(
        {**settings, "path": os.fspath(path)}, "voids/sources/*/catalogue/voids"
    )
    name, box = next(iter(describe_boxes(galaxies).items()))
    keys = ("unit", "hubble", "origin")
    coordinates = BoxCoordinates(
        box_size=box["box_size"],
        periodic=box["periodic"],
        **{key: settings.pop(key) for key in keys if key in settings},
    )
    rejections = Rejections("voids", settings.pop("max_rejected"))
    voids = read_spheres(coordinates=coordinates, rejections=rejections, **settings)
    return {name: voids}, rejections
