"""Numbers as people read them."""

import math
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

MINUS = "−"


def number(value: float | None, *, sign: bool = False) -> str:
    """Return a number with three decimals below 10 and four digits above; a dash for None.

    Parameters
    ----------
    value : float or None
    sign : bool
        Whether positive numbers carry a plus sign.
    """
    if value is None:
        return "–"
    return _rounded(value, _decimals(value), ROUND_HALF_EVEN, sign)


def bounds(interval: Mapping[str, float | None], *, sign: bool = False) -> str:
    """Return the bounds of an interval, "0.61 to 0.68"; empty where there are none.

    Bounds are rounded outwards, so that what is printed encloses the interval. A bound other than 0
    is never printed as 0, since 0 decides whether a difference is significant.
    """
    if interval["low"] is None or interval["high"] is None:
        return ""
    ends = ((interval["low"], ROUND_FLOOR), (interval["high"], ROUND_CEILING))
    return " to ".join(_rounded(end, _decimals(end, exact=True), how, sign) for end, how in ends)


def _decimals(value: float, exact: bool = False) -> int:
    """Decimals to print; with `exact` as many as two significant digits of a small number need."""
    if not math.isfinite(value) or abs(value) >= 1000:
        return 0
    if abs(value) >= 10:
        return 1
    if exact and 0 < abs(value) < 1e-3:
        return 1 - math.floor(math.log10(abs(value)))
    return 3


def _rounded(value: float, decimals: int, rounding: str, sign: bool) -> str:
    if not math.isfinite(value):
        return f"{value:{'+' if sign else ''}}".replace("-", MINUS)
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), rounding)
    rounded = abs(rounded) if rounded == 0 else rounded
    return f"{rounded:{'+' if sign else ''},f}".replace("-", MINUS)


def duration(seconds: float) -> str:
    """Return a duration: "45 s", "12 min", "1.6 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def percent(interval: Mapping[str, float | None]) -> str:
    """Return a fraction with its interval, "2.1 % (2.0 to 2.3)"; a dash for None.

    Bounds are rounded outwards.
    """
    if interval["value"] is None:
        return "–"
    value = f"{100 * interval['value']:.1f} %"
    if interval["low"] is None:
        return value
    low = _tenths(100 * interval["low"], ROUND_FLOOR)
    high = _tenths(100 * interval["high"], ROUND_CEILING)
    return f"{value} ({low} to {high})"


def _tenths(value: float, rounding: str) -> str:
    return f"{Decimal(repr(value)).quantize(Decimal('0.1'), rounding)}"
