"""Checks of the catalogues of a configuration before the first job."""

import re
from collections.abc import Mapping

from cosmodag.errors import InputError
from cosmodag.file_patterns import find_files
from cosmodag.schema_errors import ConfigError
from cosmodag.voids.box_cells import three

ANGLES = re.compile(r"^(ra|dec|glon|glat|lon|lat|alpha|delta|theta|phi)(_?(deg|rad|j2000))?$", re.I)

Keys = tuple[str, ...]


def check_catalogue(keys: Keys, catalogue: Mapping) -> None:
    """Check the catalogue of a box, and that of its voids.

    Parameters
    ----------
    keys : tuple of str
        Place of the catalogue in the configuration.
    catalogue : mapping
        The completed entry.

    Raises
    ------
    ConfigError
        A setting is missing or does not fit another one, or what the first file states.
    """
    for where, table in ((keys, catalogue), ((*keys, "voids"), catalogue.get("voids"))):
        if table is None:
            continue
        if table["unit"] in ("Mpc", "kpc") and "hubble" not in table:
            raise ConfigError(
                (*where, "hubble"),
                f"missing; the unit {table['unit']} needs H0 / (100 km/s/Mpc), such as 0.7",
            )
        check_table(where, table)
        angles = [str(name) for name in table["columns"][:3] if ANGLES.match(str(name))]
        if angles:
            from cosmodag.voids.catalogues.sky_columns import SURVEY

            raise ConfigError(
                (*where, "columns"),
                f"{', '.join(angles)} are angles; give comoving Cartesian positions x, y and z; "
                f"{SURVEY}",
            )
    if any(side <= 0 for side in three(catalogue["box_size"])):
        raise ConfigError((*keys, "box_size"), f"{catalogue['box_size']} must be above 0")

    from cosmodag.voids.catalogues.box_coordinates import angular_sides

    if angular_sides(three(catalogue["box_size"])):
        raise ConfigError(
            (*keys, "box_size"),
            f"{catalogue['box_size']} looks like angles in degrees and a redshift; give comoving "
            "sides in Mpc/h",
        )
    _check_header(keys, catalogue)


def check_table(keys: Keys, table: Mapping) -> None:
    """Check that the files, where they exist, are complete and have the columns.

    Headers and the first row of the first file are read.

    Parameters
    ----------
    keys : tuple of str
        Place of the table in the configuration.
    table : mapping
        Its completed entry.

    Raises
    ------
    ConfigError
        A pattern matches no file, the file cannot be read, or a column is missing.
    """
    try:
        files = find_files(table["path"], "give the path of a table")
    except InputError as error:
        raise ConfigError((*keys, "path"), str(error)) from None
    if not all(file.is_file() for file in files):
        return
    from cosmodag.voids.catalogues.tables import read_columns

    weight = [table["weight"]] if "weight" in table else []
    columns = [*table["columns"], *weight, *table.get("cut", {})]
    settings = {key: table.get(key) for key in ("format", "table")}
    try:
        next(read_columns(files[0], columns, **settings, chunk_rows=1), None)
    except InputError as error:
        raise ConfigError((*keys, "columns"), str(error)) from None


def _check_header(keys: Keys, catalogue: Mapping) -> None:
    """Compare the header of the first file, where it exists, with the box, unit and files."""
    from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
    from cosmodag.voids.catalogues.catalogue_parts import check_parts
    from cosmodag.voids.catalogues.file_headers import read_header

    given = ("box_size", "unit", "hubble", "origin", "periodic")
    settings = {key: catalogue.get(key) for key in ("format", "table")}
    files, columns = find_files(catalogue["path"]), catalogue["columns"]
    try:
        coordinates = BoxCoordinates(**{key: catalogue[key] for key in given if key in catalogue})
        if all(file.is_file() for file in files):
            check_parts(files, [read_header(files[0], columns, **settings)], coordinates, columns)
    except InputError as error:
        raise ConfigError(keys, str(error)) from None
