"""Checks of the section `galaxies` of a configuration before the first job."""

import itertools
from collections.abc import Mapping

from cosmodag.dag.example_format import ExampleFormat
from cosmodag.errors import InputError
from cosmodag.galaxies.files import LAYOUT_KEYS
from cosmodag.galaxies.stamps.catalogue_format import CatalogueFormat
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.schema_errors import ConfigError, nearest

BANDS = ("g", "r", "z")
"""Bands of simulated galaxies."""
RANGES = (
    "sides",
    "magnitude",
    "radius",
    "sersic_index",
    "axis_ratio",
    "bulge_fraction",
    "redshift",
    "psf",
    "noise",
    "sky",
    "noise_correlation",
)
COLUMNS = (
    "magnitude",
    "radius",
    "log_radius",
    "sersic_index",
    "axis_ratio",
    "bulge_fraction",
    "bulge_ratio",
    "body_radius",
    "effective_index",
    "early_type",
    "redshift",
    "position_angle",
    "g_minus_r",
    "r_minus_z",
    "gradient",
    "dx",
    "dy",
    "psf",
    "noise",
    "measured_noise",
    "signal_to_noise",
    "stamp_side",
)
"""Columns of simulated galaxies."""
EFFECT_COLUMNS = {
    "sky": ("sky_g", "sky_r", "sky_z"),
    "noise_correlation": ("noise_correlation",),
    "neighbour_density": ("n_neighbours", "neighbour_flux"),
}
"""Further columns where an effect on the images is on."""

Keys = tuple[str, ...]


def check(section: dict, user_section: Mapping) -> None:
    """Check the sources, cutouts, clusters and inference on new images.

    Parameters
    ----------
    section : dict
        The completed section.
    user_section : mapping
        The section as the user wrote it.

    Raises
    ------
    ConfigError
    """
    for name, source in section["sources"].items():
        if "simulation" in source:
            _check_simulation(("galaxies", "sources", name, "simulation"), source["simulation"])
        else:
            _check_folder(("galaxies", "sources", name, "folder"), source["folder"])
    for name, cutouts in section["cutouts"].items():
        folder = section["sources"][cutouts["source"]].get("folder")
        _check_conditions(name, cutouts, section)
        if "psf" in cutouts["conditions"] and folder is not None and not _gives_psf(folder):
            raise ConfigError(
                ("galaxies", "sources", cutouts["source"], "folder", "psf"),
                f"missing; galaxies.cutouts.{name}.conditions contains psf; give the full width at "
                "half maximum in arcsec",
            )
    for name, clusters in section["clusters"].items():
        _check_clusters(("galaxies", "clusters", name), clusters, section)
    for name, entry in section["predictions"].items():
        _check_prediction(("galaxies", "predictions", name), entry, section)


def example_format(section: Mapping, name: str) -> ExampleFormat:
    """Return what the examples of an entry of `cutouts` will contain."""
    cutouts = section["cutouts"][name]
    simulation = section["sources"][cutouts["source"]].get("simulation")
    bands = _cutout_bands(section, name)
    noiseless = simulation is not None and simulation["noiseless"]
    shape = (cutouts["side"],) * 2
    return ExampleFormat(
        shape=shape,
        channels=(*(f"{band}_image" for band in bands), *cutouts["conditions"]),
        target_shape=shape if noiseless else (),
        target_channels=tuple(f"{band}_light" for band in bands) if noiseless else (),
        columns=None if simulation is None else _columns(simulation),
        groups=None if simulation is None else simulation["galaxies"],
        count=None if simulation is None else simulation["galaxies"],
    )


def _columns(simulation: Mapping) -> tuple[str, ...]:
    is_on = {name: simulation[name] not in (0, [0, 0]) for name in EFFECT_COLUMNS}
    further = (EFFECT_COLUMNS[name] for name, on in is_on.items() if on)
    return COLUMNS + tuple(itertools.chain.from_iterable(further))


def _bands(section: Mapping, source: str) -> tuple[str, ...]:
    return tuple(section["sources"][source].get("folder", {}).get("bands", BANDS))


def _cutout_bands(section: Mapping, name: str) -> tuple[str, ...]:
    cutouts = section["cutouts"][name]
    return tuple(cutouts.get("bands") or _bands(section, cutouts["source"]))


def _check_folder(keys: Keys, folder: Mapping) -> None:
    n_bands, names = folder["shape"][0], folder["bands"]
    if n_bands != len(names):
        raise ConfigError(
            (*keys, "bands"),
            f"{names} are {len(names)}, but shape begins with {n_bands} bands; make them agree",
        )
    try:
        StampFormat(**{key: folder[key] for key in (*LAYOUT_KEYS, "bands") if key in folder})
        if "catalogue" in folder:
            CatalogueFormat.from_mapping(folder["catalogue"])
    except InputError as error:
        key, separator, reason = str(error).partition(": ")
        raise ConfigError((*keys, *(key.split(".") if separator else ())), reason) from None


def _check_conditions(name: str, cutouts: Mapping, section: Mapping) -> None:
    keys = ("galaxies", "cutouts", name)
    source = section["sources"][cutouts["source"]]
    folder = source.get("folder")
    for band in cutouts.get("bands", ()):
        if band not in (known := _bands(section, cutouts["source"])):
            raise ConfigError((*keys, "bands"), f"{band!r} is no band{nearest(band, known)}")
    catalogue = (folder or {}).get("catalogue", {}).get("columns", [])
    columns = catalogue if folder is not None else _columns(source["simulation"])
    known = ["psf", "noise", *columns]
    for condition in cutouts["conditions"]:
        if condition not in known:
            raise ConfigError(
                (*keys, "conditions"), f"{condition!r} is not known{nearest(condition, known)}"
            )


def _gives_psf(folder: Mapping) -> bool:
    planes = {**folder.get("extensions", {}), **folder.get("files", {})}
    return bool({"psf"} & {*folder, *planes, *folder.get("catalogue", {}).get("columns", [])})


def _check_simulation(keys: Keys, simulation: Mapping) -> None:
    for name in RANGES:
        low, high = simulation[name]
        if low > high:
            raise ConfigError((*keys, name), f"{[low, high]} is no range; give [smallest, largest]")
    smallest = simulation["sides"][0] * simulation["pixel"]
    if "psf_image" not in simulation and smallest < 2 * simulation["psf"][1]:
        raise ConfigError(
            (*keys, "sides"),
            f"images of {simulation['sides'][0]} pixels of {simulation['pixel']:g} arcsec are "
            f"narrower than twice the largest psf, {simulation['psf'][1]:g} arcsec; give larger "
            "sides or a smaller psf",
        )


def _check_task(keys: Keys, run: str, section: Mapping, tasks: tuple[str, ...]) -> None:
    name = section["runs"][run]["task"]["name"]
    if name not in tasks:
        known = [
            other for other, entry in section["runs"].items() if entry["task"]["name"] in tasks
        ]
        raise ConfigError(
            keys,
            f"the task of the run {run!r} is {name}; give a run of the task {' or '.join(tasks)}"
            + (f", such as {known[0]!r}" if known else ""),
        )


def _check_clusters(keys: Keys, clusters: Mapping, section: Mapping) -> None:
    _check_task((*keys, "run"), clusters["run"], section, ("latent",))
    edges = clusters.get("label_edges", [])
    if "label_edges" in clusters and sorted(set(edges)) != edges:
        raise ConfigError((*keys, "label_edges"), f"{edges} must ascend")
    for key in ("label_edges", "label_table"):
        if key in clusters and "labels" not in clusters:
            raise ConfigError((*keys, "labels"), f"missing; {key} needs the name of the column")
    if "labels" in clusters and "label_table" not in clusters:
        dataset = section["datasets"][section["runs"][clusters["run"]]["dataset"]]
        known = example_format(section, dataset["cutouts"]).columns
        if known is not None and clusters["labels"] not in known:
            raise ConfigError(
                (*keys, "labels"),
                f"{clusters['labels']!r} is not a column{nearest(clusters['labels'], known)}",
            )


def _check_prediction(keys: Keys, entry: Mapping, section: Mapping) -> None:
    tasks = {"parameters": ("count", "regression"), "latent": ("latent",)}
    bands = _bands(section, entry["source"])
    for key in filter(entry.__contains__, tasks):
        _check_task((*keys, key), entry[key], section, tasks[key])
        dataset = section["datasets"][section["runs"][entry[key]]["dataset"]]
        cutouts = section["cutouts"][dataset["cutouts"]]
        learned = _cutout_bands(section, dataset["cutouts"])
        if not set(learned) <= set(bands):
            raise ConfigError(
                (*keys, "source"),
                f"{entry['source']!r} has the bands {', '.join(bands)}, but the run {entry[key]!r} "
                f"was trained on {', '.join(learned)}",
            )
        folder = section["sources"][entry["source"]].get("folder")
        if "psf" in cutouts["conditions"] and folder is not None and not _gives_psf(folder):
            raise ConfigError(
                ("galaxies", "sources", entry["source"], "folder", "psf"),
                f"missing; the run {entry[key]!r} needs the full width at half maximum in arcsec",
            )
    if "clusters" in entry and section["clusters"][entry["clusters"]]["run"] != entry["latent"]:
        raise ConfigError(
            (*keys, "clusters"),
            f"{entry['clusters']!r} are clusters of the run "
            f"{section['clusters'][entry['clusters']]['run']!r}, not of {entry['latent']!r}",
        )
