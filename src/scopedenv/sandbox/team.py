"""One search explored by a crew: give out, take back, put together."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

from . import strategies
from .batch import Batch, Done
from .crew import Crew, Report
from .search.seen import Search
from .search.shares import Divided
from .settings import Settings
from .tally import Tally

#: With ``deterministic``: so many batches make up a round, and so many executions a batch, however many workers there
#: are.
ROUND, ROUND_EXECUTIONS = 16, 32
_UNLIMITED = 1 << 40
#: How often somebody is told how far it is, at least, while no batch comes back.
_TELL_SECONDS = 0.5


class Team:
    """Explores one search, until it is exhausted or somebody says that it is over. For one call of :meth:`explore`.

    Args:
        settings: of the exploration.
        crew: who explores.
        tally: what was seen; results are added as they come.
        most: so many executions may be in `tally` at the end; None for any number.
        until: when to stop, by the monotonic clock; None for never. What is out then is waited for, but not for longer
            than it should take: an executor may be busy with other things, and never begin it.
    """

    def __init__(self, settings: Settings, crew: Crew, tally: Tally, most: int | None, until: float | None) -> None:
        self._settings = settings
        self._crew = crew
        self._tally = tally
        self._most = most
        self._until = until
        self._number = 0
        self._granted: dict[int, int] = {}

    def explore(self, search: Search, over: Callable[[], bool]) -> bool:
        """Explore `search`, which has nothing in flight; whether memory was seen to be shared that is not watched.

        `over` is called whenever something was learnt, and every now and then; if it is true, what is still out is
        forgotten.
        """
        division = strategies.divided(search)
        step = self._round if self._settings.deterministic else self._as_they_come
        grown = False
        while not grown and (reports := step(division)) is not None:
            for report in reports:
                grown = self._learn(division, report) or grown
            if grown or (over() and (self._very_late or not self._late)):
                break
        self._crew.cancel()
        if grown:  # what came back together with the first race was run for the old search, too
            self._tally.discovering = self._tally.executions
        return grown

    # ------------------------------------------------------------------------------------------------ two ways

    def _as_they_come(self, division: Divided) -> list[Report] | None:
        """Keep everybody busy; the reports that are there. None if nothing is left."""
        workers = self._crew.idle + self._crew.busy
        if self._crew.idle and not self._late:
            for batch in self._batches(division, self._crew.idle, workers):
                self._crew.give(batch)
        return self._crew.wait(_TELL_SECONDS) if self._crew.busy else None

    def _round(self, division: Divided) -> list[Report] | None:
        """Have one round explored, whole; its reports in the order in which its batches were made."""
        waiting = [] if self._late else self._batches(division, ROUND, ROUND)
        if not waiting:
            return None
        reports: dict[int, Report] = {}
        order = [batch.number for batch in waiting]
        while len(reports) < len(order) and not self._very_late:
            while waiting and self._crew.idle:
                self._crew.give(dataclasses.replace(waiting.pop(0), seconds=self._seconds()))  # it may have waited long
            for report in self._crew.wait(_TELL_SECONDS):
                if report.done is None:
                    waiting.append(report.batch)
                else:
                    reports[report.batch.number] = report
        return [reports[number] for number in order if number in reports]

    @property
    def _late(self) -> bool:
        return self._until is not None and time.monotonic() >= self._until

    @property
    def _very_late(self) -> bool:
        """Whether all that was given out in time should be back: a batch, and an execution that hangs at its end."""
        most = 2 * self._crew.seconds + self._settings.stall_seconds
        return self._until is not None and time.monotonic() >= self._until + most

    # ---------------------------------------------------------------------------------------------- give, learn

    def _batches(self, division: Divided, wanted: int, workers: int) -> list[Batch]:
        settings, tally = self._settings, self._tally
        left = _UNLIMITED
        if self._most is not None:
            left = self._most - tally.executions - sum(self._granted.values())
        wanted = min(wanted, left)
        if wanted < 1:
            return []
        tally.settled = False
        parcels = division.take(wanted, workers, left)
        tally.settled = True
        batches = []
        for place, pieces in enumerate(parcels):
            granted = left // (len(parcels) - place)
            left -= granted
            if settings.deterministic:
                granted = min(granted, ROUND_EXECUTIONS)
            self._number += 1
            self._granted[self._number] = granted
            batch = Batch(self._number, pieces, self._seconds(), granted, tally.watched, tally.uncontrolled > 0)
            batches.append(batch)
        return batches

    def _seconds(self) -> float | None:
        left = None if self._until is None else max(0.0, self._until - time.monotonic())
        if self._settings.deterministic:
            return left
        return self._crew.seconds if left is None else min(left, self._crew.seconds)

    def _learn(self, division: Divided, report: Report) -> bool:
        """Put a report to the rest; whether memory was seen to be shared that is not watched."""
        del self._granted[report.batch.number]
        if report.done is None:
            for piece in report.batch.pieces:
                division.give_back(piece.number)
            return False
        return self._merge(division, report.done)

    def _merge(self, division: Divided, done: Done) -> bool:
        self._tally.settled = False  # until `over` is called, or the search begins anew
        self._tally.merge(done.tally)
        for number, explored in done.explored:
            division.merge(number, explored)
        for number in done.untouched:
            division.give_back(number)
        return done.grown
