"""All measurements in one run: ``python bench``, in less than two minutes; ``--long`` takes as long as it takes.

Every part is a script of this folder that can be run alone, and runs here in a process of its own: its tables are
printed as they come, its figures go into one file, and its targets into one table at the end. A part that fails is
named there, and makes the exit status 1; a target that is missed does not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any

from table import Target, about, parser, summary

_FOLDER = os.path.dirname(os.path.abspath(__file__))


@dataclass(frozen=True)
class Part:
    """A script, and its arguments for the short form and for the long one."""

    name: str
    short: tuple[str, ...] = ()
    long: tuple[str, ...] = ("--long",)


PARTS = (
    Part("guard", (), ("--rounds", "1000")),
    Part("executions", ("--seconds", "0.2"), ()),
    Part("search"),
    Part("memory", ("--seconds", "0.3"), ()),
    Part("workers", ("--rounds", "1"), ()),
    Part("peers"),
    Part("plugin"),
    Part("soak"),
)


def run(part: Part, long: bool, folder: str) -> tuple[dict[str, Any] | None, float]:
    """The figures of one part, None if it failed, and the seconds that it took."""
    path = os.path.join(folder, f"{part.name}.json")
    script = os.path.join(_FOLDER, f"{part.name}.py")
    begin = time.monotonic()
    print(f"== {part.name}", flush=True)
    done = subprocess.run([sys.executable, script, "--json", path, *(part.long if long else part.short)])
    seconds = time.monotonic() - begin
    print(f"   ({seconds:.0f} s)\n", flush=True)
    if done.returncode or not os.path.exists(path):
        return None, seconds
    with open(path, encoding="utf-8") as file:
        figures: dict[str, Any] = json.load(file)
    return figures, seconds


def main() -> int:
    options = parser(__doc__)
    options.add_argument("parts", nargs="*", metavar="PART", help="some of: " + ", ".join(part.name for part in PARTS))
    arguments = options.parse_args()
    if unknown := set(arguments.parts) - {part.name for part in PARTS}:
        options.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(part.name for part in PARTS)}")
    chosen = [part for part in PARTS if not arguments.parts or part.name in arguments.parts]
    figures, targets, took = {}, [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        for part in chosen:
            figures[part.name], seconds = run(part, arguments.long, folder)
            took += seconds
    for part_figures in figures.values():
        targets += [Target(**each) for each in (part_figures or {}).get("targets", ())]
    print(summary(targets))
    failed = [name for name, part_figures in figures.items() if part_figures is None]
    if failed:
        print(f"failed: {', '.join(failed)}")
    print(f"{took:.0f} s in all")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"about": about(), "seconds": took, "parts": figures}, file, indent=2)
            file.write("\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
