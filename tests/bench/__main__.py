"""Run the benchmarks: ``python -m tests.bench [names] [--results FOLDER]``.

Every module ``bench_<name>.py`` beside this file has a function ``run(results)`` that calls
`tests.bench.harness.compare` as often as it likes.
"""

import argparse
import importlib
import json
import sys
import traceback
from pathlib import Path

from tests.bench.figure import draw
from tests.bench.harness import HEADER, RESULTS, row


def main() -> int:
    available = sorted(path.stem[6:] for path in Path(__file__).parent.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which to run: {', '.join(available)}")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the JSON files")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(available))
    if unknown:
        parser.error(f"no benchmark named {', '.join(unknown)}; there are {', '.join(available)}")

    print(HEADER)
    failed = [name for name in options.names or available if not _run(name, options.results)]
    files = sorted(options.results.glob("*.json"))
    records = [json.loads(path.read_text()) for path in files]
    if records:
        print(f"\nAll measurements under {options.results}:\n{HEADER}")
        print("\n".join(row(record) for record in records))
        draw(records, options.results / "bench.png")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(name: str, results: Path) -> bool:
    """Run one module; a failure is printed and the others go on."""
    try:
        importlib.import_module(f"tests.bench.bench_{name}").run(results)
    except Exception:
        traceback.print_exc()
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
