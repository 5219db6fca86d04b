"""Names of the bands of stamps, and which of their other planes belong to which band."""

import re
from collections.abc import Mapping, Sequence

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.fits_layout import ROLES, Plane, stamp_shape
from cosmodag.galaxies.stamps.stamp_format import BAND, StampFormat

FILTERS = ("BAND", "FILTER")
"""Keywords that name the band of an HDU; with numbers behind them, the bands of a cube."""
LISTS = ("BANDS", "FILTERS", *FILTERS)
"""Keywords that name all bands of a cube."""

NO_BANDS = {*ROLES, "compressed", "coadd", "cutout"}
"""Words in names of extensions that are no band."""

Header = Mapping[str, str]


def band_names(
    planes: Sequence[Plane], n_bands: int, stamp_format: StampFormat
) -> tuple[str, ...] | None:
    """Return the names of the bands of an image.

    Parameters
    ----------
    planes : sequence of Plane
        HDUs of the image.
    n_bands : int
        Number of its bands.
    stamp_format : StampFormat
        Its bands are names as the user writes them.

    Returns
    -------
    tuple of str or None
        Names as of `plain_names`. None if the headers do not record the bands.

    Raises
    ------
    InputError
        If the headers have names, but not one for each band. The message is without the file.
    """
    expected = stamp_format.bands
    if n_bands == 1:
        return plain_names([_band(planes[0].hdu.header) or planes[0].value("FILTER")], expected)
    if len(planes) > 1:
        names = [_own_band(plane, planes) for plane in planes]
        found = plain_names(names, expected)
        if found is not None and len(set(found)) == n_bands:
            return found
        given = isinstance(stamp_format.extensions.get("image"), list | tuple)
        if given or len({plane.path for plane in planes}) == len(planes):
            return None  # the user gives the order
        if any(names):
            named = ", ".join(name or "none" for name in names)
            raise InputError(
                f"its extensions name the bands {named}; name each band once, or set "
                "extensions.image to one extension per band"
            )
    headers = [] if len(planes) > 1 else [planes[0].hdu.header]
    for header in (*headers, planes[0].primary):
        cards, listed = _listed_bands(header, n_bands)
        if cards:
            found = plain_names(listed or (), expected)
            if found is None or len(set(found)) < n_bands:
                values = ", ".join(f"{key} {value!r}" for key, value in cards.items())
                raise InputError(
                    f"its header has {values}, which does not name each of its {n_bands} bands "
                    "once; correct or remove it"
                )
            return found
    return None


def plain_names(
    names: Sequence[str], expected: Sequence[str] | None = None
) -> tuple[str, ...] | None:
    """Return names as the user writes them.

    Parameters
    ----------
    names : sequence of str
        Names as a file has them.
    expected : sequence of str, optional
        Names of bands as the user writes them.

    Returns
    -------
    tuple of str or None
        Names as in `expected`, whatever their case, or letters and digits of those in the file, so
        that ``HSC-G`` is ``HSCG``. None if there are no names or one is empty.
    """
    words = [re.findall("[A-Za-z0-9]+", name) for name in names]
    plain = ["".join(each) for each in words]
    if not all(plain) or not plain:
        return None
    own = {band.lower(): band for band in expected or () if band not in plain}
    if len(own) < len(set(expected or ()) - set(plain)):
        own = {}  # bands that differ by their case
    for index, whole in enumerate(plain):
        if whole not in (expected or ()):
            candidates = [whole.lower(), words[index][0].lower()]
            plain[index] = next((own[each] for each in candidates if each in own), whole)
    return tuple(plain)


def split_names(text: str, n_bands: int) -> list[str] | None:
    """Return the names of bands in a text that lists them.

    Parameters
    ----------
    text : str
        Names with signs between them, or names of one letter each.
    n_bands : int
        Number of bands.

    Returns
    -------
    list of str or None
        None if the text does not name that many different bands.

    Examples
    --------
    >>> split_names("zrg", 3), split_names("z-r-g", 3), split_names("HSC-G HSC-R", 2)
    (['z', 'r', 'g'], ['z', 'r', 'g'], ['HSC-G', 'HSC-R'])
    """
    whole = text.strip()
    options = [re.findall(f"[{signs}]+", whole) for signs in ("A-Za-z0-9_-", "A-Za-z0-9")]
    if whole.isalnum():
        options.append(list(whole))
    return next((each for each in options if len(each) == len(set(each)) == n_bands), None)


def with_bands(
    planes: Mapping[str, list[Plane]],
    bands: Sequence[str] | None,
    n_bands: int,
    stamp_format: StampFormat,
) -> dict[str, list[Plane]]:
    """Return the planes of a stamp with the band that each belongs to, where names record it.

    Parameters
    ----------
    planes : mapping from str to list of Plane
    bands : sequence of str or None
        Names of the bands of the image, in its order; None if they are those of the format.
    n_bands : int
        Number of bands of the image.
    stamp_format : StampFormat

    Returns
    -------
    dict from str to list of Plane
        A plane that no name assigns to a band is unchanged.

    Raises
    ------
    InputError
        If a plane other than the mask, whose absence masks nothing, lacks a band. The message is
        without the file.
    """
    order = list(bands or stamp_format.bands or ())
    if n_bands == 1 or len(order) != n_bands:
        return dict(planes)
    return {
        plane: found if plane == "image" else _assigned(plane, found, order, stamp_format)
        for plane, found in planes.items()
    }


def _assigned(
    plane: str, found: list[Plane], order: list[str], stamp_format: StampFormat
) -> list[Plane]:
    """Return HDUs of one plane, sorted by the bands that their names record."""
    chosen = len(found) == 1 and plane in stamp_format.extensions
    if chosen or any(len(stamp_shape(each.hdu)) > 2 for each in found):
        return found
    names = [(plain_names([_own_band(each, found)], order) or ("",))[0] for each in found]
    if not set(names) & set(order) and BAND in stamp_format.files.get(plane, ""):
        names = list(stamp_format.bands or ())
    if not set(names) & set(order):
        return found
    if len(set(names)) < len(names) or not set(names) <= set(order):
        listed = ", ".join(name or "none" for name in names)
        raise InputError(
            f"its extensions of the {plane} name the bands {listed}; name each band once, or set "
            f"extensions.{plane} to one extension per band"
        )
    missing = [band for band in order if band not in names]
    if missing and plane != "mask":
        raise InputError(
            f"its {plane} lacks the bands {', '.join(missing)}; add them, or set "
            f"extensions.{plane} to one extension for all bands"
        )
    sorted_planes = sorted(zip(names, found), key=lambda pair: order.index(pair[0]))
    return [each._replace(band=order.index(name)) for name, each in sorted_planes]


def _listed_bands(header: Header, n_bands: int) -> tuple[dict[str, str], list[str] | None]:
    """Return the cards that name the bands of a cube, and the names, None if they are unclear."""
    numbered = [[name for name in header if re.fullmatch(rf"{key}\d+", name)] for key in FILTERS]
    for keys in (numbered[0], *([key] for key in LISTS), numbered[1]):
        cards = {key: header[key] for key in keys if header.get(key)}
        if not cards or cards == {"BANDS": str(n_bands)}:
            continue
        if keys[0] in LISTS:
            return cards, split_names(cards[keys[0]], n_bands)
        by_number = {int(re.sub(r"\D", "", key)): name for key, name in cards.items()}
        complete = len(by_number) == n_bands == max(by_number) - min(by_number) + 1
        return cards, [by_number[number] for number in sorted(by_number)] if complete else None
    return {}, None


def _own_band(plane: Plane, planes: Sequence[Plane]) -> str:
    """Return the name of the band of one of several HDUs, empty if it has none."""
    name = _band(plane.hdu.header)
    alone = sum(each.path == plane.path for each in planes) == 1 and len(planes) > 1
    return name or (_band(plane.primary) if alone else "")


def _band(header: Header) -> str:
    """Return the name of the band of an HDU, empty if it has none."""
    for key in FILTERS:
        if header.get(key):
            return header[key]
    words = re.findall("[A-Za-z0-9]+", header.get("EXTNAME", ""))
    return " ".join(word for word in words if word.lower() not in NO_BANDS)
