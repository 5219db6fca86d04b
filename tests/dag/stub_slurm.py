"""Slurm's commands, as stubs that write down what they are asked for and do nothing else.

    stub_slurm.py PROGRAM [words …]

A job that is submitted is at once a finished one: its outputs, which a plan of the workflow has
told to the file ``outputs.json``, are touched. ``answers.json`` may hold what a test of a job is
answered where it asks for some option.
"""

import json
import os
import re
import sys
from pathlib import Path

HERE = Path(os.environ["STUB_SLURM"])


def main(program: str, words: list[str]) -> int:
    if program != "sbatch":
        if program == "sacct" and "--parsable2" in words:
            jobs = len((HERE / "submitted.jsonl").read_text().splitlines())
            print("\n".join(f"{number}|COMPLETED" for number in range(1, jobs + 1)))
        return 0
    if words == ["--version"]:
        return 0
    with open(HERE / ("tested.jsonl" if "--test-only" in words else "submitted.jsonl"), "a") as out:
        print(json.dumps(words), file=out)
    if "--test-only" in words:
        for part, answer in json.loads((HERE / "answers.json").read_text()).items():
            if part in words:
                print(f"sbatch: error: {answer}", file=sys.stderr)
                return 1
        return 0
    command = next(word for word in words if word.startswith("--wrap="))
    job = re.search(r"--target-jobs '?([^' ]+)", command)[1].rstrip(":")
    for path in json.loads((HERE / "outputs.json").read_text())[job]:
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch() if file.suffix else file.mkdir(exist_ok=True)
    print(len((HERE / "submitted.jsonl").read_text().splitlines()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
