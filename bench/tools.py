"""One tool on one program: what :mod:`peers` runs in a process of its own. Prints one line of JSON for each run.

    python bench/tools.py TOOL PROGRAM MODE N

MODE is `exhaust` or `find`. N runs follow each other in the process, after the line "ready"; the first of them pays for
all that is cached.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from programs import PROGRAMS, Program

OURS, FRONTRUN, INTERLEAVE = "scopedenv", "frontrun", "interleave-test"
EXHAUST, FIND = "exhaust", "find"
MODULES = {OURS: "scopedenv.sandbox", FRONTRUN: "frontrun", INTERLEAVE: "interleave_test"}
_MANY = 1_000_000


@dataclass(frozen=True)
class Run:
    """What one tool said about one program: `answer` is holds, fails, or in words why there is none."""

    answer: str
    seconds: float = 0.0
    executions: int = 0

    @property
    def rate(self) -> float:
        """Executions per second."""
        return self.executions / self.seconds if self.seconds else 0.0


def threads_of(program: Program) -> Callable[[], None]:
    """`program` as a model that starts its threads itself and asserts."""

    def model() -> None:
        state = program.setup()
        threads = [threading.Thread(target=worker, args=(state,)) for worker in program.workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert program.holds(state)

    return model


def with_scopedenv(program: Program, mode: str) -> tuple[str, int]:
    from scopedenv.sandbox import Sandbox, Verdict

    found = Sandbox(stop_at_first=mode == FIND, minimize=False).explore(threads_of(program))
    words = {Verdict.PASSED: "holds", Verdict.FAILED: "fails"}
    return words.get(found.verdict, found.reason), found.schedules


def with_frontrun(program: Program, mode: str) -> tuple[str, int]:
    import frontrun

    found = frontrun.explore(
        setup=program.setup,
        workers=list(program.workers),
        invariant=program.holds,
        preemption_bound=2 if mode == FIND else None,
        stop_on_first=mode == FIND,
        reproduce_on_failure=0,
    )
    words = {True: "holds", False: "fails"}
    return words.get(found.property_holds, "inconclusive"), found.num_explored


def with_interleave(program: Program, mode: str) -> tuple[str, int]:
    import interleave_test

    found = interleave_test.explore(
        threads_of(program), strategy="dfs", iterations=_MANY, seed=0, raise_on_failure=False
    )
    if found.failure is not None:
        return "fails" if mode == FIND else "stops at the first finding", found.schedules_run
    return "holds" if found.exhausted else "not exhausted", found.schedules_run


TOOLS: dict[str, Callable[[Program, str], tuple[str, int]]] = {
    OURS: with_scopedenv,
    FRONTRUN: with_frontrun,
    INTERLEAVE: with_interleave,
}


def main() -> None:
    tool, program, mode, repeat = sys.argv[1:]
    importlib.import_module(MODULES[tool])
    print("ready", flush=True)
    for _ in range(int(repeat)):
        begin = time.perf_counter()
        with contextlib.redirect_stdout(sys.stderr):
            answer, executions = TOOLS[tool](PROGRAMS[program], mode)
        run = Run(answer, time.perf_counter() - begin, executions)
        print(json.dumps(asdict(run)), flush=True)


if __name__ == "__main__":
    main()
