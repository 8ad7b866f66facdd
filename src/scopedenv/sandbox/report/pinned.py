"""A finding as a regression test: the source text of a pytest module that pins the schedule."""

from __future__ import annotations

import keyword
import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..result import Finding, Origin

#: Settings that decide what an execution does; all others decide which executions there are, or what becomes of them.
_DECIDING = ("max_steps", "stall_seconds", "seed", "watch", "instrument", "races", "forbid", "spurious_wakeups")


def as_test(finding: Finding) -> str:
    """See ``Finding.as_test``."""
    origin = finding.origin
    if origin is None:
        raise ValueError("the finding does not say of which model it is")
    module, function = _importable(origin)
    kept = ", ".join(f"{name}={value}" for name, value in origin.settings if name in _DECIDING)
    headline = finding.message.partition("\n")[0]
    where = f" at {finding.place}" if finding.place else ""
    said = f"{finding.kind.name.lower()}{where}: {headline}".replace("\\", "\\\\").replace('"', "'")
    first = function.partition(".")[0]
    schedule = "\n".join(f'    "{part}"' for part in _parts(str(finding.schedule)))
    words = textwrap.fill(f"One schedule, which once ended in this {said}", 96, subsequent_indent="    ")
    return f'''"""A schedule of {function} that failed once; kept by scopedenv."""

import pytest
from {module} import {first}

from scopedenv.sandbox import Sandbox

SCHEDULE = (
{schedule}
)


def test_{_name(function)}_does_not_fail_again() -> None:
    """{words}"""
    result = Sandbox({kept}).replay({function}, SCHEDULE, strict=False)
    if not result.ok:
        pytest.fail(result.report(), pytrace=False)
'''


def _importable(origin: Origin) -> tuple[str, str]:
    """Module and name of the model."""
    module, _, function = origin.function.partition(":")
    names = [*module.split("."), *function.split(".")]
    if module == "__main__" or not all(name.isidentifier() and not keyword.iskeyword(name) for name in names):
        raise ValueError(
            f"a test cannot import the model {origin.function}; put it into a module, as a function of its own"
        )
    return module, function


def _name(function: str) -> str:
    return re.sub(r"\W+", "_", function).removeprefix("test_").strip("_").lower()


def _parts(text: str) -> list[str]:
    """A long schedule on several lines."""
    return textwrap.wrap(text, 100, break_long_words=True, break_on_hyphens=False) or [""]
