"""What the search itself costs: processor time per execution, and memory by the number of executions.

Abstract programs (threads of reads and writes of shared cells) run on the sandbox's own ``World``, without processes.
The yardstick is a fork and exit of this Python with pytest loaded, measured in the same run. ``--json FILE`` writes the
figures; ``--long`` goes on to 100,000 executions.
"""

from __future__ import annotations

import gc
import os
import random
import time
import tracemalloc

import pytest  # noqa: F401  - loaded, so that a fork copies what a test run's fork copies

from scopedenv.sandbox.run.execution import Ending, Execution
from scopedenv.sandbox.run.semantics import Op
from scopedenv.sandbox.run.world import Place, ThreadInfo, World
from scopedenv.sandbox.schedule import Choice
from scopedenv.sandbox.search.dpor import Dpor
from scopedenv.sandbox.search.strategy import Order
from scopedenv.sandbox.wire import Kind
from table import parser, table, write

NOWHERE = Place("<program>", 0, "?")
Program = dict[str, list[Op]]


def program(threads: int, operations: int, cells: int, seed: int) -> Program:
    """Threads of random reads and writes."""
    rng = random.Random(seed)
    kinds = (Kind.SHARED_READ, Kind.SHARED_WRITE)
    return {
        f"0.{thread}": [Op(rng.choice(kinds), f"x{rng.randrange(cells)}") for _ in range(operations)]
        for thread in range(1, threads + 1)
    }


def simulate(code: Program, order: Order) -> Execution:
    """One execution of `code`: follow the order, then its policy."""
    world = World()
    for thread, ops in code.items():
        world.threads[thread] = ThreadInfo(thread, thread, False)
        world.announce(thread, ops[0], NOWHERE)
    done = dict.fromkeys(code, 0)
    current: str | None = None
    while options := world.options():
        position = len(world.steps)
        at_plan = position < len(order.choices)
        choice: Choice = order.choices[position] if at_plan else order.policy(current, options)
        world.step(choice, options)
        current = choice.thread
        done[current] += 1
        if done[current] < len(code[current]):
            world.announce(current, code[current][done[current]], NOWHERE)
    return Execution(world.steps, Ending.DONE, world.threads, world.pending, {}, {})


def explore(code: Program, most: int) -> tuple[int, float, float]:
    """(executions, seconds of processor time in the search, in the simulated controller)."""
    search = Dpor()
    executions, searching, running = 0, 0.0, 0.0
    while executions < most:
        begin = time.process_time()
        order = search.next()
        middle = time.process_time()
        searching += middle - begin
        if order is None:
            break
        execution = simulate(code, order)
        end = time.process_time()
        running += end - middle
        search.observe(order, execution)
        searching += time.process_time() - end
        executions += 1
    return executions, searching, running


def fork_and_exit(count: int = 200) -> float:
    """Seconds per fork, exit and wait of this process."""
    gc.collect()
    begin = time.perf_counter()
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    return (time.perf_counter() - begin) / count


def main() -> None:
    arguments = parser(__doc__).parse_args()
    code = program(3, 10, 8, seed=1)
    forks, searches, controllers, count = [], [], [], 0
    for _round in range(3):
        forks.append(fork_and_exit())
        count, searching, running = explore(code, 1_000)
        searches.append(searching / count)
        controllers.append(running / count)
    fork, search, controller = (sorted(times)[1] for times in (forks, searches, controllers))
    print(f"3 threads x 10 operations, {count} executions; medians of 3 rounds")
    rows = [
        (name, f"{seconds * 1e3:.3f}", f"{seconds / fork:.2f}")
        for name, seconds in (
            ("fork + exit, pytest loaded", fork),
            ("search, per execution", search),
            ("controller, per execution", controller),
        )
    ]
    print(table(("", "ms", "x fork + exit"), rows))
    memory = {}
    wide = program(3, 12, 2, seed=3)
    for most in (1_000, 10_000, 100_000) if arguments.long else (1_000, 10_000):
        tracemalloc.start()
        executions, _, _ = explore(wide, most)
        memory[executions] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"peak memory of the search at {executions:>7} executions: {memory[executions] / 1024:10.0f} KiB")
    write(arguments.json, {"fork": fork, "search": search, "controller": controller, "memory": memory})


if __name__ == "__main__":
    main()
