"""The table: for every class of CPython's tests how many ran, passed, and do not apply. Made, written and read back.

``docs/conformance.md`` has one section for each Python that it was made on; a test holds that a section is what a run
on that very Python gives.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .reasons import reason_for
from .running import Result
from .suites import MODULES, Suite, missing

DOCUMENT = Path(__file__).parents[2] / "docs" / "conformance.md"
HEADER = "| class | run | passed | does not apply | skipped by CPython |\n|---|---|---|---|---|"
_ROW = re.compile(r"\| `(?P<name>[\w.]+)` \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|")


class Row(NamedTuple):
    """The numbers of one class."""

    run: int
    passed: int
    left_out: int
    skipped: int

    def line(self, name: str) -> str:
        """The row as it stands in the table."""
        return f"| `{name}` | {self.run} | {self.passed} | {self.left_out} | {self.skipped} |"


def row(suite: Suite, results: Iterable[Result]) -> Row:
    """The numbers of `suite`, from the results of the methods that apply."""
    seen = list(results)
    skipped = sum(result.skipped for result in seen)
    left_out = sum(reason_for(f"{suite.name}.{method}") is not None for method in suite.methods)
    return Row(len(seen) - skipped, sum(result.passed for result in seen), left_out, skipped)


def section(rows: dict[str, Row]) -> str:
    """The section of this Python."""
    total = Row(*map(sum, zip(*rows.values(), strict=True)))
    lines = [f"## CPython {platform.python_version()}", "", HEADER]
    lines += [numbers.line(name) for name, numbers in rows.items()]
    lines += [total.line("all")]
    if missing():
        absent = ", ".join(f"`{name}`" for name in MODULES if name in missing())
        lines += ["", f"Not in the distribution that this was run on: {absent}."]
    return "\n".join(lines) + "\n"


def write(rows: dict[str, Row]) -> None:
    """Put the section of this Python into the document, in place of the one that is there."""
    text = DOCUMENT.read_text(encoding="utf-8")
    sections = {title: body for title, body in _sections(text) if title != platform.python_version()}
    sections[platform.python_version()] = section(rows)
    head = text[: text.index("## CPython ")] if "## CPython " in text else text.rstrip() + "\n\n"
    order = sorted(sections, key=lambda version: tuple(map(int, re.findall(r"\d+", version))))
    DOCUMENT.write_text(head + "\n".join(sections[version] for version in order), encoding="utf-8")


def documented() -> dict[str, Row]:
    """The rows that the document has for exactly this Python; empty if it was not made on it."""
    body = dict(_sections(DOCUMENT.read_text(encoding="utf-8"))).get(platform.python_version(), "")
    return {match["name"]: Row(*map(int, match.groups()[1:])) for match in _ROW.finditer(body)}


def _sections(text: str) -> Iterable[tuple[str, str]]:
    for part in re.split(r"(?m)^(?=## CPython )", text)[1:]:
        yield part.splitlines()[0].removeprefix("## CPython "), part.rstrip() + "\n"
