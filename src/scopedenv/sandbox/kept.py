"""The schedule that failed last time: tried first, written anew when something fails, taken away when all is well."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .failure_file import FailureFileError, SavedFailure, path_of, read_failure, write_failure
from .program import digest_of, name_of
from .result import Exploration, Verdict
from .run.execution import Ending, Plan
from .run.runner import Runner
from .search.strategy import stay
from .settings import Settings
from .tally import Tally


class Kept:
    """The failure file of one exploration; nothing where no folder for it was given.

    Attributes:
        tried: executions that were run to see whether the schedule still fails, and that are of no use to the search.
    """

    def __init__(self, settings: Settings, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._settings = settings
        self._path: Path | None = None
        if settings.failures is not None:
            self._model = settings.name or name_of(fn)
            self._path = path_of(settings.failures, self._model)
            self._program = digest_of(fn, args)
        self.tried = 0

    def try_first(self, runner: Runner, tally: Tally) -> str | None:
        """Run the schedule in the file, if there is one; the reason of the verdict if it fails, which ends the search.

        A schedule that does not fit the program any more, or passes, is as if it had not been. So is a file that cannot
        be read: it will be written anew, or taken away.
        """
        saved = self._saved()
        if saved is None or not self._settings.stop_at_first:
            return None
        runner.watch(saved.schedule.watched)
        execution = runner.run(Plan(saved.schedule.choices), stay)
        if execution.ending is not Ending.DIVERGED:
            trial = Tally(races=self._settings.races)
            trial.watched = frozenset(saved.schedule.watched)
            trial.add(execution)
            if trial.findings:
                tally.merge(trial)
                return f"The schedule that failed last time was tried first, and fails again (from {self._path})."
        self.tried += 1
        runner.watch(tally.watched)
        return None

    def keep(self, result: Exploration) -> None:
        """Write what failed; take away what does not fail any more. Raises OSError where that cannot be done."""
        if self._path is None:
            return
        if result.findings:
            changed = self._settings.lasting()
            write_failure(self._path, self._model, result, settings=changed, program=self._program)
        elif result.verdict is Verdict.PASSED:
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()

    def _saved(self) -> SavedFailure | None:
        if self._path is None:
            return None
        try:
            return read_failure(self._path)
        except (OSError, FailureFileError):
            return None
