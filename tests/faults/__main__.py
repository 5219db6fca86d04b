"""Attack the promises of the workflow: ``python -m tests.faults [names] [--results FOLDER]``.

Every attack is listed in ``attacks.csv``; the printed table is ``summary.txt``. Each kind of
attack has a short selection in `make test`. All of them take about half an hour on two cores.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults.attack import Attack, summary, write_table
from tests.faults.disks import attack_disks, disk
from tests.faults.every_stage import finish, prepare, rules
from tests.faults.kills import kill_snakemake, kill_stages

REPOSITORY = Path(__file__).resolve().parent.parent.parent
RESULTS = Path("results/faults")


def stages(folder: Path) -> Iterator[Attack]:
    """Kill every stage of every experiment at random moments, and fill or lock its disk."""
    from cosmodag import experiments

    for seed, experiment in enumerate(experiments.names()):
        place = folder / experiment
        place.mkdir()
        with disk(place / "results") as mounted:
            began = time.monotonic()
            checkout = prepare(experiment, place, REPOSITORY)
            jobs = finish(checkout, experiment)
            missing = sorted(rules(experiment, REPOSITORY) - {job.rule for job in jobs})
            detail = f"no job of {', '.join(missing)}" if missing else "every rule has a job"
            seconds = time.monotonic() - began
            yield Attack("undisturbed run", experiment, not missing, detail, seconds)
            yield from kill_stages(checkout, jobs, seed)
            if mounted:
                yield from attack_disks(checkout, jobs)
            else:
                print("full and read-only disks: left out, file systems cannot be mounted here")


def snakemake(folder: Path) -> Iterator[Attack]:
    """Kill Snakemake alone, at random moments."""
    return kill_snakemake(folder, REPOSITORY)


def damages(folder: Path) -> Iterator[Attack]:
    """Damage every kind of file of the results."""
    from cosmodag.errors import InputError
    from cosmodag.evaluation.verification import verify_results
    from tests.faults.artefacts import ARTEFACTS, UNREAD, write_results
    from tests.faults.damages import DAMAGES, damage

    results = write_results(folder / "results")
    for artefact in [*ARTEFACTS, *UNREAD]:
        path = results / artefact[0]
        kept = folder / "kept"
        for kind in DAMAGES:
            began = time.monotonic()
            shutil.copy2(path, kept)
            try:
                damage(results, *artefact[:2], kind)
                problems = verify_results(results).problems
                missed = [] if path in problems or (problems and not path.exists()) else ["verify"]
                if artefact in ARTEFACTS:
                    try:
                        artefact.read(results)
                        missed.append("the stage that reads it")
                    except InputError:
                        pass
            finally:
                path.unlink(missing_ok=True)
                shutil.move(kept, path)
            detail = f"not noticed by {' and '.join(missed)}" if missed else "noticed"
            seconds = time.monotonic() - began
            yield Attack("damaged file", f"{artefact[0]}: {kind}", not missed, detail, seconds)


def inputs(folder: Path) -> Iterator[Attack]:
    """Give bad inputs to every reader."""
    from tests.faults.inputs import cases, run

    for result in run(cases()):
        passed = result.verdict == "as expected"
        detail = result.verdict if passed else f"{result.verdict}: {result.printed.strip()[-300:]}"
        yield Attack("bad input", result.name, passed, detail, result.seconds)


def leaks(folder: Path) -> Iterator[Attack]:
    """Split data whose training and test examples are not independent."""
    from tests.faults.leaks import CLEAN, LEAKS, observe

    for number, leak in enumerate([*LEAKS, *CLEAN]):
        began = time.monotonic()
        place = folder / str(number)
        place.mkdir(parents=True)
        outcome, words = observe(leak, place)
        passed = outcome == leak.outcome and leak.message in words
        kind = "leak" if number < len(LEAKS) else "data without a leak"
        detail = outcome if passed else f"{outcome} instead of {leak.outcome}: {words[:300]}"
        yield Attack(kind, leak.name, passed, detail, time.monotonic() - began)


ATTACKS: dict[str, Callable[[Path], Iterator[Attack]]] = {
    "inputs": inputs,
    "leaks": leaks,
    "damages": damages,
    "stages": stages,
    "snakemake": snakemake,
}


def main() -> int:
    """Run attacks, write and print their table; return 1 if a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which to run: {', '.join(ATTACKS)}")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the tables")
    options = parser.parse_args()
    if unknown := sorted(set(options.names) - set(ATTACKS)):
        parser.error(f"no attack named {', '.join(unknown)}; there are {', '.join(ATTACKS)}")
    attacks: list[Attack] = []
    with tempfile.TemporaryDirectory(prefix="faults") as folder:
        for name in options.names or ATTACKS:
            place = Path(folder) / name
            place.mkdir()
            for attack in ATTACKS[name](place):
                attacks.append(attack)
                mark = "passed" if attack.survived else "FAILED"
                print(f"{mark:<7}{attack.kind}: {attack.target}: {attack.detail}", flush=True)
                write_table(attacks, options.results / "attacks.csv")
    table = summary(attacks)
    (options.results / "summary.txt").write_text(table + "\n")
    print(table)
    return 0 if all(attack.survived for attack in attacks) else 1


if __name__ == "__main__":
    sys.exit(main())
