"""Section of the report on a void catalogue of a survey or a box."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosmodag.dag.common import format_options
from cosmodag.evaluation.formatting import number
from cosmodag.json_files import read_json
from cosmodag.reporting.sections import Cell, Section, SectionFigure, SectionTable, figure_address
from cosmodag.settings import keys
from cosmodag.voids.survey.search_settings import search_of
from cosmodag.voids.survey.void_search import THRESHOLDS

FOOTPRINTS = {
    "randoms": "from randoms",
    "mask": "from a HEALPix mask, with the radial selection of the galaxies",
    "galaxies": "estimated from the galaxies: holes and changes smaller than a pixel are unknown",
    "box": "the whole box",
}
OPTIONS = {
    "randoms": "--randoms RANDOMS",
    "mask": "--mask MASK",
    "galaxies": "--estimate-footprint",
    "box": "",
}
"""Options for the source of the footprint; the size of a box is among the settings."""
FINDERS = {
    "underdensity": "Voids are spheres with a mean overdensity of the galaxies of {threshold:g} "
    "and a radius of at least {minimum_radius:g} Mpc/h.",
    "spheres": "Voids are unions of empty spheres among the galaxies with a radius of at least "
    "{minimum_radius:g} Mpc/h.",
    "watershed": "Voids are basins of the density of the galaxies, smoothed by a Gaussian of "
    "{smoothing:g} Mpc/h, up to an overdensity of {threshold:g}; their ridge is at least "
    "{minimum_significance:g} standard deviations of Poisson noise above their minimum, and their "
    "effective radius at least {minimum_radius:g} Mpc/h.",
}
SURVEY_LIMITS = (
    "Redshifts are taken for distances in flat ΛCDM with Ω_m = {omega_m:g}, so voids are those of "
    "redshift space. Voids with less than {minimum_fraction_inside:.0%} of their volume inside the "
    "survey are left out, and edges are known to about a pixel of the footprint."
)
LIMITS = "Voids are those of the galaxies, not of the matter, without an estimate of the error."
CHANCE = (
    "Voids by chance are those of galaxies without clustering, with the same selection. The column "
    "chance_fraction is their number per void that is found, of at least the same radius."
)
NO_CHANCE = (
    "How many of them are chance was not estimated: the fewer galaxies the volume of the smallest "
    "void contains on average, the more."
)
CAPTION = "Galaxies and voids in the slice that cuts the largest area of voids{edge}."


def void_section(folder: Path) -> Section:
    """Return the section on a void catalogue.

    Parameters
    ----------
    folder : Path
        Folder that `cosmodag voids find` wrote.
    """
    record = folder / "voids.json"
    written = (
        "sentence",
        "footprint_source",
        "warnings",
        "n_chance",
        "n_outside",
        "number_density",
    )
    content = read_json(record, "find the voids again", keys=written)
    settings = content["settings"]
    survey = content["footprint_source"] != "box"
    paragraphs = [f"Warning: {warning}." for warning in content["warnings"]]
    found_by = settings | {"smoothing": search_of(settings).smoothing_length}
    paragraphs.append(FINDERS[settings["finder"]].format(**found_by))
    if survey:
        paragraphs.append(SURVEY_LIMITS.format(**settings))
    paragraphs += [LIMITS, NO_CHANCE if content["n_chance"] is None else CHANCE]
    caption = CAPTION.format(edge=", and the edge of the survey" if survey else "")
    return Section(
        name=f"void-catalogue-{folder.name}",
        title=f"Void catalogue {folder.name}",
        answer=content["sentence"],
        paragraphs=paragraphs,
        figures=[SectionFigure(figure_address(folder / "slice.svg", record), caption)],
        tables=[void_table(folder.name, content)],
        command=find_command(content),
    )


def find_command(content: Mapping[str, Any]) -> str:
    """Return the command that finds the voids, with the settings that differ from the defaults.

    Parameters
    ----------
    content : mapping
        Content of voids.json.
    """
    defaults = {key: part.get("default") for key, part in keys("voids/void_catalogues/*")}
    defaults["threshold"] = THRESHOLDS[content["settings"]["finder"]]
    options = {
        key: value
        for key, value in content["settings"].items()
        if value is not None and value != defaults.get(key)
    }
    options.pop("estimate_footprint", None)  # stated by the source of the footprint
    words = ["cosmodag voids find GALAXIES", OPTIONS[content["footprint_source"]]]
    return " ".join(filter(None, [*words, "--output VOIDS", format_options(options)]))


def void_table(name: str, content: Mapping[str, Any]) -> SectionTable:
    """Return the table of the extent of a survey or a box, and of its voids.

    Parameters
    ----------
    name : str
        Name of the void catalogue.
    content : mapping
        Content of voids.json.
    """
    smallest = 4 / 3 * math.pi * content["settings"]["minimum_radius"] ** 3
    rows: list[list[str | Cell]] = [
        ["Voids", f"{content['n_voids']:,}"],
        ["Voids by chance", number(content["n_chance"])],
        ["Voids left out at the edges", f"{content['n_dropped']:,}"],
        ["Galaxies", f"{content['n_galaxies']:,}"],
        ["Galaxies outside the survey", f"{content['n_outside']:,}"],
        ["Rows left out", f"{content['n_rejected']:,}"],
        ["Mean density", f"{content['number_density']:.3g} galaxies per (Mpc/h)³"],
        ["Mean in the smallest void", f"{content['number_density'] * smallest:.0f} galaxies"],
        ["Footprint", FOOTPRINTS[content["footprint_source"]]],
    ]
    if "area" in content:
        low, high = content["distances"]
        rows.append(["Area", f"{content['area']:,.0f} square degrees"])
        rows.append(["Distances", f"{number(low)} to {number(high)} Mpc/h"])
    rows += [
        ["Volume", f"{content['volume']:.3g} (Mpc/h)³"],
        ["Effective volume", f"{content['effective_volume']:.3g} (Mpc/h)³"],
        ["Table, a row per void", f"voids/void_catalogues/{name}/voids.csv and voids.fits"],
    ]
    caption = (
        "Extent and content. The effective volume is that of a uniform survey with the same "
        "integrals of the expected density and of its square."
    )
    return SectionTable(caption, ["Quantity", "Value"], rows)
