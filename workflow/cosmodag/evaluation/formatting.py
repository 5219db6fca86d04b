"""Numbers as people read them."""

from collections.abc import Mapping

MINUS = "−"


def number(value: float | None, *, sign: bool = False) -> str:
    """Three decimals below 10, four digits above; a dash for what is undefined."""
    if value is None:
        return "–"
    if round(abs(value), 3) == 0:
        value = 0.0
    digits = ".3f" if abs(value) < 10 else ".1f" if abs(value) < 1000 else ",.0f"
    return f"{value:{'+' if sign else ''}{digits}}".replace("-", MINUS)


def bounds(interval: Mapping[str, float | None], *, sign: bool = False) -> str:
    """The bounds of an interval, "0.61 to 0.68"; empty where there are none."""
    if interval["low"] is None:
        return ""
    low, high = (number(interval[end], sign=sign) for end in ("low", "high"))
    return f"{low} to {high}"


def duration(seconds: float) -> str:
    """A time as people say it: "45 s", "12 min", "1.6 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def percent(interval: Mapping[str, float | None]) -> str:
    """A fraction with its interval, "2.1 % (2.0 to 2.3)"; a dash for what is undefined."""
    if interval["value"] is None:
        return "–"
    value = f"{100 * interval['value']:.1f} %"
    if interval["low"] is None:
        return value
    return f"{value} ({100 * interval['low']:.1f} to {100 * interval['high']:.1f})"
