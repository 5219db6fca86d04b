"""Time contenders side by side: interleaved, warmed up, checked for equal results first."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cosmodag.json_files import write_json

RESULTS = Path("results/bench")
COLUMNS = "{:<34} {:>7} {:>10} {:>9} {:<14} {:>7} {:>6} {:>7}"
HEADER = COLUMNS.format(
    "benchmark", "threads", "ours", "seconds", "best peer", "ratio", "goal", "/floor"
)


def compare(
    name: str,
    contenders: Mapping[str, Callable[[], Any] | None],
    *,
    ours: str,
    threads: int,
    floor: Callable[[], Any] | None = None,
    equal: Callable[[dict[str, Any]], bool | None] | None = None,
    shares: Mapping[str, float] | None = None,
    prepare: Callable[[], None] | None = None,
    rounds: int = 5,
    goal: float | None = None,
    work: float | None = None,
    unit: str = "items",
    notes: Mapping[str, Any] | None = None,
    results: Path = RESULTS,
) -> dict[str, Any]:
    """Measure contenders in turns, write `<results>/<name>.json` and print a row of the table.

    A first round is discarded, since it pays for compilation and for the first touch of memory;
    what the contenders returned in it is compared by `equal`. Then every round runs each
    contender once, in an order that rotates, so that a slow spell of the machine meets all alike.

    Parameters
    ----------
    name
        Name of the measurement and of its file.
    contenders
        Zero-argument callables by name. ``None`` marks a peer that is not installed: it is
        listed as absent and left out. A result must not be overwritten by another contender.
    ours
        The contender that is this repository's.
    threads
        How many threads the contenders were told to use (recorded, not set).
    floor
        Does only the work that cannot be avoided, such as streaming the input once.
    equal
        Called with ``{name: result}`` of the first round; raises, or returns ``False``, where
        the results differ.
    shares
        Which share of the work a slow peer does, where it is not all; its seconds are divided by
        it. For peers whose time is proportional to the work.
    prepare
        Called before every call and not timed, such as to drop files from the page cache.
    rounds
        Measured rounds, at least 5; the medians are compared.
    goal
        The least ratio to the best peer that counts as reached.
    work, unit
        Amount of work a call does, for a rate such as particles per second.
    notes
        Further facts to record, such as sizes or extra memory.
    results
        Folder of the JSON files.

    Returns
    -------
    dict
        What was written. ``ratio_to_best_peer`` is the best peer's time over ours and
        ``ratio_to_floor`` the floor's time over ours: above 1 is faster.

    Raises
    ------
    ValueError
        If `rounds` is below 5 or `ours` is not among the contenders.
    AssertionError
        If the results differ.
    """
    if rounds < 5:
        raise ValueError(f"rounds is {rounds}: a median needs at least 5")
    present = {key: call for key, call in contenders.items() if call is not None}
    if ours not in present:
        raise ValueError(f"{ours!r} is not among the contenders {sorted(present)}")
    absent = sorted(set(contenders) - set(present))

    prepare = prepare or (lambda: None)
    first = {}
    for key, call in present.items():
        prepare()
        first[key] = call()
    if equal is not None and equal(first) is False:
        raise AssertionError(f"{name}: the results of {sorted(first)} differ")
    del first

    timed = dict(present)
    if floor is not None:
        floor()
        timed["floor"] = floor
    seconds = _interleave(timed, rounds, prepare)
    for key, share in (shares or {}).items():
        seconds[key] = [value / share for value in seconds[key]]
    medians = {key: statistics.median(values) for key, values in seconds.items()}

    peers = {key: medians[key] for key in present if key != ours}
    best_peer = min(peers, key=peers.get) if peers else None
    record = {
        "name": name,
        "ours": medians[ours],
        "peers": peers,
        "floor": medians.get("floor"),
        "best_peer": best_peer,
        "ratio_to_best_peer": peers[best_peer] / medians[ours] if peers else None,
        "ratio_to_floor": medians["floor"] / medians[ours] if floor is not None else None,
        "goal": goal,
        "absent": absent,
        "threads": threads,
        "work": work,
        "unit": unit,
        "runs": rounds,
        "seconds": seconds,
        "machine": machine(),
        "notes": dict(notes or {}),
    }
    write_json(Path(results) / f"{name}.json", record)
    print(row(record), flush=True)
    return record


def _interleave(
    timed: Mapping[str, Callable], rounds: int, prepare: Callable[[], None]
) -> dict[str, list[float]]:
    """Run every callable once a round, the first one rotating; return seconds by name."""
    names = list(timed)
    seconds = {key: [] for key in names}
    for turn in range(rounds):
        shift = turn % len(names)
        for key in names[shift:] + names[:shift]:
            prepare()
            start = time.perf_counter()
            timed[key]()
            seconds[key].append(time.perf_counter() - start)
    return seconds


def row(record: Mapping[str, Any]) -> str:
    """One line of the table: our time or rate, the best peer, the ratios and the goal."""
    ratio, goal, floor = record["ratio_to_best_peer"], record["goal"], record["ratio_to_floor"]
    rate = f"{record['work'] / record['ours'] / 1e6:.1f} M/s" if record["work"] else ""
    line = COLUMNS.format(
        record["name"],
        record["threads"],
        rate,
        f"{record['ours']:.4f}",
        record["best_peer"] or "-",
        "-" if ratio is None else f"{ratio:.2f}",
        "" if goal is None else f"{goal:g}",
        "-" if floor is None else f"{floor:.2f}",
    )
    if goal is not None and ratio is not None and ratio < goal:
        line += "  below the goal"
    if record["absent"]:
        line += f"  (absent: {', '.join(record['absent'])})"
    return line.rstrip()


def machine() -> dict[str, Any]:
    """Describe where a measurement was made: processor, cores, load, versions."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "load": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {key: _version(key) for key in ("numpy", "numba", "scipy", "torch")},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
