"""What the scripts of this folder share: their arguments, tables of text, targets, and the file of figures."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """Something that is promised of a figure.

    Args:
        name: what is measured, beside what.
        wanted: the promise, in words and a number.
        measured: what it is in this run.
        met: whether that keeps the promise.
    """

    name: str
    wanted: str
    measured: str
    met: bool


def parser(doc: str | None) -> argparse.ArgumentParser:
    """A parser with the options that every script has; the module's text is its help."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", metavar="FILE", help="write the figures there")
    made.add_argument("--long", action="store_true", help="take longer, and measure more")
    return made


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Text in columns: the first one to the left, numbers and what else follows to the right."""
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if column else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def summary(targets: Iterable[Target]) -> str:
    """The table of targets."""
    rows = [(each.name, each.wanted, each.measured, "yes" if each.met else "NO") for each in targets]
    return table(("target", "wanted", "measured", "met"), rows)


def about() -> dict[str, Any]:
    """Where the figures come from."""
    return {"python": platform.python_version(), "machine": platform.machine(), "processors": os.cpu_count()}


def write(path: str | None, figures: Mapping[str, Any], targets: Iterable[Target] = ()) -> None:
    """Write `figures` and `targets` as JSON, if there is a path."""
    if path:
        everything = {"about": about(), **figures, "targets": [asdict(each) for each in targets]}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(everything, file, indent=2)
            file.write("\n")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return "" if value is None else str(value)
