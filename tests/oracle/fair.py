"""Programs that poll and yield, and every fair interleaving of them, by the rule as the user's guide words it.

    A thread that yields again waits until another one has changed something, if any can.

So: a thread whose next step is a yield *waits* if it has yielded before and no other thread has made a step since that
changes anything (a write, whatever it writes; taking or giving back a lock). A thread that waits makes no step while
there is one that can go on and does not wait. If all that can go on wait, each of them may step.

Nothing here knows the sandbox. Variables only grow, and a thread polls only for what threads before it will do, outside
of any lock: so every fair interleaving comes to an end, with every thread at its end.

A program is a tuple of threads, a thread a tuple of operations, one step each but for the last:

    ("add", x)       x += 1
    ("get", x)       records x
    ("lock", l)      enabled while nobody holds l
    ("unlock", l)
    ("yield", "")
    ("until", x, n)  reads x; if it is less than n, yields and begins again; records how often it yielded
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

Operation = tuple[str, str] | tuple[str, str, int]
Program = tuple[tuple[Operation, ...], ...]
Outcome = tuple[tuple[int, ...], ...]
"""For each thread what it recorded."""


MOST_STEPS = 500


class Thread(NamedTuple):
    """Where a thread stands. `turns`: yields of the loop that it is in; `at_yield`: that loop has looked, in vain.

    `stale`: it has yielded, and no other thread has changed anything since.
    """

    place: int = 0
    turns: int = 0
    at_yield: bool = False
    stale: bool = False
    records: tuple[int, ...] = ()


class State(NamedTuple):
    """All there is: two interleavings that lead here have the same future."""

    threads: tuple[Thread, ...]
    values: tuple[tuple[str, int], ...] = ()
    """Variables that are not 0; a lock is 1 while it is held."""


class Fair(NamedTuple):
    """How many fair interleavings there are, and what they can come to."""

    interleavings: int
    outcomes: frozenset[Outcome]


class TooManyError(Exception):
    """The program has more fair interleavings than was allowed."""


def explore(program: Program, *, most: int = 1_000_000) -> Fair:
    """Every fair interleaving. Raises TooManyError for more than `most`."""
    layer = {State(tuple(Thread() for _ in program)): 1}
    interleavings, outcomes, length = 0, set(), 0
    while layer:
        length += 1
        assert length < MOST_STEPS, f"a fair interleaving without end: {program}"
        following: dict[State, int] = {}
        for state, paths in layer.items():
            allowed = fair(program, state)
            if not allowed:
                assert all(t.place == len(ops) for t, ops in zip(state.threads, program, strict=True)), "stuck"
                interleavings += paths
                outcomes.add(tuple(thread.records for thread in state.threads))
            for number in allowed:
                after = step(program, state, number)
                following[after] = following.get(after, 0) + paths
        layer = following
        if interleavings + sum(layer.values()) > most:
            raise TooManyError(f"more than {most} fair interleavings: {program}")
    return Fair(interleavings, frozenset(outcomes))


def fair(program: Program, state: State) -> list[int]:
    """The threads that may make the next step."""
    able = [n for n in range(len(program)) if _able(program, state, n)]
    return [n for n in able if not _waits(program, state, n)] or able


def _able(program: Program, state: State, number: int) -> bool:
    thread, ops = state.threads[number], program[number]
    if thread.place == len(ops):
        return False
    return ops[thread.place][0] != "lock" or not dict(state.values).get(ops[thread.place][1])


def _waits(program: Program, state: State, number: int) -> bool:
    thread = state.threads[number]
    return thread.stale and (thread.at_yield or program[number][thread.place][0] == "yield")


def step(program: Program, state: State, number: int) -> State:
    """The state after the thread `number` has made its next step."""
    thread, values = state.threads[number], dict(state.values)
    kind, name, *rest = program[number][thread.place]
    changes, value = kind in ("add", "lock", "unlock"), values.get(str(name), 0)
    passed = thread._replace(place=thread.place + 1)
    match kind:
        case "until" if thread.at_yield:
            after = thread._replace(turns=thread.turns + 1, at_yield=False, stale=True)
        case "until" if value < int(rest[0]):
            after = thread._replace(at_yield=True)
        case "until":
            after = passed._replace(turns=0, records=(*thread.records, thread.turns))
        case "get":
            after = passed._replace(records=(*thread.records, value))
        case "yield":
            after = passed._replace(stale=True)
        case _:
            after = passed
            values[str(name)] = value - 1 if kind == "unlock" else value + 1
    threads = [each._replace(stale=each.stale and not changes) for each in state.threads]
    threads[number] = after
    return State(tuple(threads), tuple(sorted(item for item in values.items() if item[1])))


def programs(seeds: range, most: int) -> Iterator[tuple[int, Program, Fair]]:
    """Random programs with at most so many fair interleavings, with these; larger ones are left out."""
    for seed in seeds:
        program = random_program(seed)
        try:
            yield seed, program, explore(program, most=most)
        except TooManyError:
            continue


def random_program(seed: int) -> Program:
    """Two or three threads; all but the first poll for what those before them add."""
    rng = Random(f"fair {seed}")
    added: dict[str, int] = {}
    threads: list[tuple[Operation, ...]] = []
    for number in range(rng.choice((2, 2, 3))):
        ops: list[Operation] = []
        known = dict(added)
        for _ in range(rng.randrange(1, 4)):
            ops += _fragment(rng, known, added)
        if number and known and not any(op[0] == "until" for op in ops):
            ops.insert(rng.choice((0, len(ops))), _until(rng, known))
        threads.append(tuple(ops))
    return tuple(threads)


def _until(rng: Random, known: dict[str, int]) -> Operation:
    name = rng.choice(sorted(known))
    return ("until", name, rng.randrange(1, known[name] + 1))


def _fragment(rng: Random, known: dict[str, int], added: dict[str, int]) -> list[Operation]:
    """A few operations that belong together; what they add is counted in `added`."""
    kind, name = rng.choice(("add", "add", "get", "yield", "locked", "until")), rng.choice("xy")
    if kind == "until" and known:
        return [_until(rng, known)]
    if kind in ("get", "yield"):
        return [(kind, name if kind == "get" else "")]
    added[name] = added.get(name, 0) + 1
    return [("lock", "l"), ("add", name), ("unlock", "l")] if kind == "locked" else [("add", name)]
