"""Checks of the section ``voids.void_catalogues`` of a configuration before the first job."""

import os
from collections.abc import Mapping

from cosmodag import settings
from cosmodag.errors import InputError
from cosmodag.file_patterns import find_files
from cosmodag.schema_errors import ConfigError
from cosmodag.voids.box_cells import three
from cosmodag.voids.catalogues.catalogue_checks import check_catalogue, check_table

OF_BOX = ("unit", "hubble", "origin", "periodic")
"""Keys of a box, which a survey cannot have."""
OF_SURVEY = ("cz", "minimum_redshift", "maximum_redshift", "omega_m", "minimum_completeness")
"""Keys of a survey, which a box cannot have."""
OF_FINDERS = {
    "underdensity": ("threshold", "maximum_radius"),
    "spheres": (),
    "watershed": ("threshold", "smoothing", "ridge", "minimum_significance"),
}
"""Keys of each finder, which others cannot have."""

KNOWN_BY = {"randoms", "mask", "box_size"}
"""Keys that state where there are galaxies."""

Keys = tuple[str, ...]


def check_void_catalogue(keys: Keys, entry: Mapping) -> None:
    """Check an entry; headers and the first rows of files that exist are read.

    Parameters
    ----------
    keys : tuple of str
        Place of the entry in the configuration.
    entry : mapping
        The completed entry.

    Raises
    ------
    ConfigError
        A setting has no effect beside another one or contradicts it, or a file does not have what
        is to be read from it.
    """
    if entry.get("estimate_footprint") is False and not KNOWN_BY.intersection(entry):
        raise ConfigError(
            (*keys, "estimate_footprint"),
            "false leaves the footprint unknown; give true, or randoms or a mask instead",
        )
    check_settings(keys, entry)
    if "box_size" in entry:
        check_catalogue(keys, {"columns": ["x", "y", "z"], **entry})
    else:
        _check_survey(keys, {"columns": ["ra", "dec", "z"], **entry})


def check_settings(keys: Keys, entry: Mapping) -> None:
    """Check the settings of an entry, without its files.

    Parameters
    ----------
    keys : tuple of str
        Place of the entry in the configuration.
    entry : mapping
        The completed entry.

    Raises
    ------
    ConfigError
        A setting has no effect beside another one or contradicts it.
    """
    box = "box_size" in entry
    _refuse(keys, entry, OF_SURVEY if box else OF_BOX, f"of a {'survey' if box else 'box'}")
    for finder, own in OF_FINDERS.items():
        others = tuple(key for key in own if key not in OF_FINDERS[entry["finder"]])
        _refuse(keys, entry, others, f"of the finder {finder}")
    if entry.get("maximum_radius", float("inf")) < entry["minimum_radius"]:
        raise ConfigError(
            (*keys, "maximum_radius"),
            f"{entry['maximum_radius']} is below minimum_radius {entry['minimum_radius']}",
        )
    if entry["minimum_redshift"] >= entry["maximum_redshift"]:
        raise ConfigError(
            (*keys, "minimum_redshift"),
            f"{entry['minimum_redshift']} is not below maximum_redshift "
            f"{entry['maximum_redshift']}",
        )
    if box and entry["minimum_radius"] >= min(three(entry["box_size"])) / 2:
        raise ConfigError(
            (*keys, "minimum_radius"),
            f"{entry['minimum_radius']} Mpc/h is not below half of the shortest side of the box, "
            f"{min(three(entry['box_size'])):g} Mpc/h",
        )


def _refuse(keys: Keys, entry: Mapping, others: tuple[str, ...], whose: str) -> None:
    """Refuse keys that have another value than the default, but no effect."""
    parts = dict(settings.keys("voids/void_catalogues/*"))
    for key in filter(entry.__contains__, others):
        if entry[key] != parts[key].get("default"):
            raise ConfigError((*keys, key), f"a setting {whose} has no effect here; remove it")


def _check_survey(keys: Keys, entry: Mapping) -> None:
    """Check the files of galaxies, randoms and mask."""
    check_sky(keys, entry, entry["cz"])
    if "randoms" in entry:
        shared = {key: entry[key] for key in ("columns", "format", "table") if key in entry}
        check_sky((*keys, "randoms"), shared | entry["randoms"], entry["cz"])
        galaxies, randoms = (find_files(each["path"]) for each in (entry, entry["randoms"]))
        if same := set(galaxies) & set(randoms):
            raise ConfigError((*keys, "randoms", "path"), f"{min(same)} is that of the galaxies")
    if "mask" in entry:
        check_mask_file((*keys, "mask"), entry["mask"])


def check_sky(keys: Keys, table: Mapping, cz: bool) -> None:
    """Check the columns of a catalogue with sky coordinates, and the units that it states.

    Parameters
    ----------
    keys : tuple of str
        Place of the catalogue in the configuration.
    table : mapping
        Settings of its file, with `columns`.
    cz : bool
        Whether redshifts are velocities.

    Raises
    ------
    ConfigError
        The file exists and does not have what is to be read from it.
    """
    check_table(keys, table)
    file, columns = find_files(table["path"])[0], table["columns"]
    if not file.is_file():
        return
    from cosmodag.voids.catalogues.file_headers import read_header
    from cosmodag.voids.catalogues.stated_units import check_sky_units

    try:
        header = read_header(file, columns, format=table.get("format"), table=table.get("table"))
        check_sky_units(file, header.units, columns, cz=cz)
    except InputError as error:
        raise ConfigError((*keys, "columns"), str(error)) from None


def check_mask_file(keys: Keys, mask: Mapping) -> None:
    """Check the header of a mask, if the file exists.

    Parameters
    ----------
    keys : tuple of str
        Place of the mask in the configuration.
    mask : mapping
        Its path and column.

    Raises
    ------
    ConfigError
        It is no HEALPix map, or its column is unknown.
    """
    path = os.path.expandvars(mask["path"])
    if not os.path.isfile(path):
        return
    from cosmodag.voids.survey.sky_mask import check_mask

    try:
        check_mask(path, mask.get("column"))
    except InputError as error:
        raise ConfigError(keys, str(error)) from None
