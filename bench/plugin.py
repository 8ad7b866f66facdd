"""What a standard pytest run pays for having the plugin installed: at its start, and for each test.

Whole processes take turns, with the plugin and with ``-p no:scopedenv``; what differs is what the plugin costs. They
are measured in processor time, and the least of the rounds counts: other programs on the machine can only add to it.
The start is that of a run of one test; for each test, what a run of many takes more is divided by their
number. What the import alone takes is told by ``python -X importtime``, the least of the rounds. Compiled files are
written to a folder of the run, as an installation would have them.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from table import Target, parser, summary, table, write

MODULE = "scopedenv.pytest_plugin"
_IMPORTING = f"from _pytest.config import get_config; get_config(); import {MODULE}"
WITHOUT = ("-p", "no:scopedenv")
START_MS, TEST_US = 5.0, 10.0


class Runs:
    """Runs of pytest in a folder of their own."""

    def __init__(self, folder: Path, tests: int) -> None:
        self._folder = folder
        self._environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        for name, count in (("one", 1), ("many", tests)):
            text = "".join(f"def test_{number}():\n    pass\n" for number in range(count))
            (folder / f"test_{name}.py").write_text(text, encoding="utf-8")

    def cpu(self, name: str, *options: str) -> float:
        """Seconds of processor time that one run takes."""
        command = self._command(name, *options)
        nowhere = subprocess.DEVNULL
        process = subprocess.Popen(command, cwd=self._folder, env=self._environment, stdout=nowhere, stderr=nowhere)
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(
                f"pytest ended with status {process.returncode}: {' '.join(self._command(name, *options))}"
            )
        return usage.ru_utime + usage.ru_stime

    def imported(self) -> float:
        """Milliseconds that importing the plugin takes where pytest and its own plugins are loaded."""
        command = [sys.executable, "-X", "importtime", "-c", _IMPORTING]
        found = subprocess.run(
            command, check=True, text=True, cwd=self._folder, env=self._environment, capture_output=True
        ).stderr
        for line in found.splitlines():
            if line.startswith("import time:") and line.rpartition("|")[2].strip() == MODULE:
                return int(line.split("|")[1]) / 1e3
        raise SystemExit(f"{MODULE} was not imported by: {_IMPORTING}")

    def _command(self, name: str, *options: str) -> list[str]:
        return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, f"test_{name}.py"]


def measure(rounds: int, tests: int) -> dict[str, float]:
    """The figures: milliseconds at the start, microseconds for each test."""
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(Path(folder), tests)
        for name in ("one", "many"):
            runs.cpu(name)  # compiles
        least = dict.fromkeys([(name, options) for name in ("one", "many") for options in ((), WITHOUT)], math.inf)
        for _ in range(rounds):
            for name, options in least:
                least[name, options] = min(least[name, options], runs.cpu(name, *options))
        start = least["one", ()] - least["one", WITHOUT]
        return {
            "pytest_ms": least["one", WITHOUT] * 1e3,
            "start_ms": start * 1e3,
            "import_ms": min(runs.imported() for _ in range(rounds)),
            "test_us": (least["many", ()] - least["many", WITHOUT] - start) / tests * 1e6,
        }


def main() -> None:
    arguments = parser(__doc__).parse_args()
    rounds, tests = (30, 3_000) if arguments.long else (6, 1_000)
    found = measure(rounds, tests)
    rows = [
        ("a run of one test without it, ms", found["pytest_ms"]),
        ("its start, ms more", found["start_ms"]),
        ("its import alone, ms", found["import_ms"]),
        (f"each test, µs more (of {tests:,})", found["test_us"]),
    ]
    print(table(("the plugin, flag off", ""), rows))
    targets = [
        Target(
            "import of the plugin", f"< {START_MS:g} ms", f"{found['import_ms']:.1f} ms", found["import_ms"] < START_MS
        ),
        Target("the plugin, each test", f"< {TEST_US:g} µs", f"{found['test_us']:.1f} µs", found["test_us"] < TEST_US),
    ]
    print(summary(targets))
    write(arguments.json, {"rounds": rounds, "tests": tests, **found}, targets)


if __name__ == "__main__":
    main()
