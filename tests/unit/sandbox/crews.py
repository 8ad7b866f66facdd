"""A crew without processes, and a runner without a sandbox: it runs a simulated program, in one second each time.

And what the tests of both run.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from typing import Any

from tests.oracle import program as p
from tests.oracle.adapter_simulated import Simulation
from tests.oracle.test_oracle import INCREMENT, team

from scopedenv.sandbox import team as team_module
from scopedenv.sandbox.batch import Batch, Done, work
from scopedenv.sandbox.crew import Report
from scopedenv.sandbox.run.execution import Execution, Plan
from scopedenv.sandbox.schedule import Policy
from scopedenv.sandbox.settings import Settings
from scopedenv.sandbox.wire import Raced

#: Three times read, then write.
INCREMENTS = team({"x": p.Variable()}, *[INCREMENT] * 3)
DINING = team(
    {f"f{i}": p.Lock() for i in range(3)},
    *[(p.acquire(a), p.acquire(b), p.release(a), p.release(b)) for a, b in (("f0", "f1"), ("f1", "f2"), ("f2", "f0"))],
)


RACED = Raced(0, "balance", "", ("0", "R", ()), ("0.1", "W", ()))


def settings_of(**more: Any) -> Settings:
    return Settings(**{"stop_at_first": False, "minimize": False, "races": "ignore", **more})


class Clock:
    """Time as the team and its members see it."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


class SimulatedRunner:
    """What a ``Runner`` is to a worker. `after` sees each execution, and what is watched."""

    def __init__(self, program: p.Program, after: Callable[[Execution, frozenset[str]], Execution]) -> None:
        self._program = program
        self._after = after
        self.watched: frozenset[str] = frozenset()

    def watch(self, families: frozenset[str]) -> None:
        self.watched = frozenset(families)

    def run(self, plan: Plan, policy: Policy) -> Execution:
        execution = Simulation(self._program).run(plan.choices, plan.expected, policy).execution
        team_module.time.now += 1  # type: ignore[attr-defined]
        return self._after(execution, self.watched)


def unchanged(execution: Execution, _watched: frozenset[str]) -> Execution:
    return execution


class SimulatedCrew:
    """Members that are turns of one loop, and lose a share of the batches. `stuck`: none ever comes back."""

    seconds = 5.0

    def __init__(
        self,
        settings: Settings,
        program: p.Program,
        members: int,
        seed: int = 0,
        *,
        lost: float = 0.0,
        stuck: bool = False,
        after: Callable[[Execution, frozenset[str]], Execution] = unchanged,
    ) -> None:
        self._settings = settings
        self._members = members
        self._rng = random.Random(seed)
        self._lost = lost
        self._stuck = stuck
        self.runner: Any = SimulatedRunner(program, after)
        self._out: list[Batch] = []
        self._done: dict[int, Done] = {}
        self.given: list[Batch] = []
        self.given_at: list[float] = []
        self.losses = 0
        self.cancelled = 0
        self.most_busy = 0

    @property
    def idle(self) -> int:
        return self._members - len(self._out)

    @property
    def busy(self) -> int:
        return len(self._out)

    def give(self, batch: Batch) -> None:
        assert self.idle > 0
        self.given.append(batch)
        self.given_at.append(team_module.time.monotonic())
        self._out.append(travelled(batch))
        self.most_busy = max(self.most_busy, self.busy)

    def wait(self, seconds: float | None) -> list[Report]:
        assert self._out, "nobody waits for nothing"
        if self._stuck:
            assert seconds is not None, "nobody waits for ever"
            assert team_module.time.monotonic() < 1_000, "nobody waits for ever"
            team_module.time.now += max(0.1, seconds)  # type: ignore[attr-defined]
            return []
        for batch in self._out:
            if batch.number not in self._done:
                self._done[batch.number] = work(self.runner, self._settings, batch, lambda: False)
        if seconds is not None and self._rng.random() < 0.1:
            return []
        return [self._report() for _ in range(self._rng.randrange(1, len(self._out) + 1))]

    def _report(self) -> Report:
        batch = self._out.pop(self._rng.randrange(len(self._out)))
        done = self._done.pop(batch.number)
        if self._rng.random() < self._lost:
            self.losses += 1
            return Report(batch, None, "it fell")
        return Report(batch, travelled(done))

    def cancel(self) -> None:
        self.cancelled += 1
        self._out.clear()

    def close(self) -> None:
        self._out.clear()


def travelled(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))
