"""The corpus: programs with a published bug in ``fail/``, their repaired twins of the same name in ``pass/``.

A file that is dropped into one of the folders is in the corpus; there is no register. Every module has a docstring with
the bug and its source, and these names:

============= ========= =====================================================================================
name          where     meaning
============= ========= =====================================================================================
``model``     both      the model, without arguments
``KIND``      fail      name of the FindingKind that is met first
``WITHIN``    fail      the finding comes within so many executions of the default strategy
``EXHAUSTED`` pass      there are exactly so many traces, and the default strategy runs each once
``SETTINGS``  both      more settings of the Sandbox, if any are needed
============= ========= =====================================================================================

The search is deterministic, so both numbers can be relied on. ``WITHIN`` leaves a margin of at most two, because which
schedule is met first is the search's own business; ``EXHAUSTED`` is the number of Mazurkiewicz traces: the program's.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from scopedenv.sandbox import Exploration, FindingKind, Sandbox

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Program:
    """One file of the corpus, loaded."""

    name: str
    module: ModuleType = field(repr=False)

    @property
    def settings(self) -> dict[str, Any]:
        return dict(getattr(self.module, "SETTINGS", {}))

    @property
    def kind(self) -> FindingKind:
        return FindingKind[self.module.KIND]

    @property
    def within(self) -> int:
        within: int = self.module.WITHIN
        return within

    @property
    def exhausted(self) -> int:
        exhausted: int = self.module.EXHAUSTED
        return exhausted

    def explore(self, **more: Any) -> Exploration:
        """Explore the model with its own settings and `more`."""
        return Sandbox(**self.settings, **more).explore(self.module.model)

    def replay(self, schedule: str) -> Exploration:
        """Run the model once under the text of a schedule."""
        return Sandbox(**self.settings).replay(self.module.model, schedule)


def names(folder: str) -> list[str]:
    """The programs in ``fail`` or ``pass``, sorted."""
    return sorted(path.stem for path in (HERE / folder).glob("*.py"))


def load(folder: str, name: str) -> Program:
    """Load one program. ``pass`` is no name of a package in Python, so it is loaded by its path."""
    path = HERE / folder / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"quality_{folder}_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Program(name, module)
