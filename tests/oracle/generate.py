"""Seeded random programs, small enough for brute force and cramped enough to conflict.

A program is made of *fragments*: a few operations that belong together (acquire … release; read, wait if
falsy), so that lock use is well-formed whatever is drawn. Each profile is a table of weighted fragments over
few objects, so that threads meet; "mixed" draws four from all of them. The same (seed, profile, budget) gives
the same program on every supported Python: the random source is seeded with text, and only its `random`,
`randrange`, `choice` and `choices` are used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.oracle import program as p
from tests.oracle.brute import OverBudgetError, count_interleavings

Fragment = Callable[["Writer"], None]


@dataclass
class Writer:
    """One body being written, from `table`; `started` are the bodies that certainly started before."""

    rng: Random
    table: dict[Fragment, float]
    ops: list[p.Op] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    guard: tuple[int, bool] | None = None

    def add(self, *ops: p.Op) -> int:
        """Append operations, under the current guard where they have none; the index of the last."""
        for op in ops:
            own = op.guard or self.guard
            self.ops.append(p.Op(op.kind, op.target, op.value, op.expected, own))
        return len(self.ops) - 1

    def fragment(self) -> None:
        """Append a fragment drawn from the table."""
        self.rng.choices(list(self.table), list(self.table.values()))[0](self)

    def maybe(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, *choices: str) -> str:
        return self.rng.choice(choices)


# ---- variables, choices, environment


def _x(w: Writer) -> str:
    return w.pick("x", "x", "x", "y")


def _touch(w: Writer) -> None:
    """One access to a variable."""
    x, k = _x(w), w.rng.randrange(1, 3)
    more = [p.update(x, k), p.compare_exchange(x, 0, k)]
    w.add(w.rng.choice([p.read(x), p.read(x), p.write(x, k), p.write(x, k), *more]))


def _increment(w: Writer) -> None:
    x = _x(w)
    w.add(p.read(x), p.write_last(x, 1))


def _check_then_act(w: Writer) -> None:
    index = w.add(p.read(_x(w)) if w.maybe(0.5) else p.compare_exchange("x", 0, 1))
    act = p.write(_x(w), 5)
    w.add(act.if_true(index) if w.maybe(0.5) else act.if_false(index))


def _choice(w: Writer) -> None:
    index = w.add(p.choose(w.rng.randrange(2, 4)))
    if w.maybe(0.7):
        w.add(p.write(_x(w), 7).if_true(index))


def _yield(w: Writer) -> None:
    w.add(p.yield_now())


def _environ(w: Writer) -> None:
    k = w.pick("A", "A", "B")
    reads = [p.get_key(k), p.get_key(k), p.iterate(), p.iterate()]
    w.add(w.rng.choice([*reads, p.set_key(k, "1"), p.set_key(k, "2"), p.del_key(k)]))


# ---- locks and semaphores


def _inside(w: Writer) -> None:
    """What happens while something is held: often nothing, so that the lock itself is what matters."""
    if w.maybe(0.4):
        _touch(w)


def _locked(w: Writer) -> None:
    lock = w.pick("L", "L", "M")
    w.add(p.acquire(lock))
    _inside(w)
    w.add(p.release(lock))


def _nested(w: Writer) -> None:
    outer, inner = w.rng.choice([("L", "M"), ("M", "L")])
    w.add(p.acquire(outer), p.acquire(inner), p.release(inner), p.release(outer))


def _reentered(w: Writer) -> None:
    w.add(p.acquire("R"), p.acquire("R"))
    _inside(w)
    w.add(p.release("R"), p.release("R"))


def _tried(w: Writer, lock: str, op: p.Op) -> None:
    """Take it if one can; what is inside, and the release, only if so. Sometimes something instead."""
    index = w.add(op)
    before, w.guard = w.guard, (index, True)
    _inside(w)
    w.add(p.release(lock))
    w.guard = before
    if w.maybe(0.3):
        w.add(p.write("x", 9).if_false(index))


def _try_lock(w: Writer) -> None:
    lock = w.pick("L", "L", "R")
    _tried(w, lock, p.try_acquire(lock))


def _timed_lock(w: Writer) -> None:
    lock = w.pick("L", "L", "R")
    _tried(w, lock, p.timed_acquire(lock))


def _semaphore(w: Writer) -> None:
    w.add(p.acquire("S"))
    _inside(w)
    if w.maybe(0.8):
        w.add(p.release("S"))


def _try_semaphore(w: Writer) -> None:
    _tried(w, "S", p.try_acquire("S"))


def _timed_semaphore(w: Writer) -> None:
    _tried(w, "S", p.timed_acquire("S"))


def _release_semaphore(w: Writer) -> None:
    semaphore = w.pick("S", "T")
    w.add(p.release(semaphore, w.rng.randrange(1, 3)))


def _bounded(w: Writer) -> None:
    w.add(p.acquire("T"), p.release("T"))


# ---- waiting for others


def _wait(w: Writer) -> None:
    w.add(p.acquire("L"), p.timed_wait("C") if w.maybe(0.2) else p.wait("C"), p.release("L"))


def _wait_unless(w: Writer) -> None:
    w.add(p.acquire("L"))
    index = w.add(p.read("x"))
    w.add(p.wait("C").if_false(index), p.release("L"))


def _timed_wait(w: Writer) -> None:
    w.add(p.acquire("L"), p.timed_wait("C"), p.release("L"))


def _notify(w: Writer) -> None:
    w.add(p.acquire("L"))
    if w.maybe(0.5):
        w.add(p.write("x", 1))
    w.add(w.rng.choice([p.notify("C"), p.notify("C", 2), p.notify_all("C")]), p.release("L"))


def _event(w: Writer) -> None:
    sets = [p.set_event("E"), p.set_event("E"), p.clear("E")]
    w.add(w.rng.choice([*sets, p.is_set("E"), p.wait("E"), p.wait("E")]))


def _timed_event(w: Writer) -> None:
    w.add(w.rng.choice([p.timed_wait("E"), p.timed_wait("E"), p.set_event("E"), p.clear("E")]))


def _queue(w: Writer) -> None:
    q = w.pick("Q", "Q", "Q", "P")
    puts = [p.put(q, value) for value in range(1, 4)]
    w.add(w.rng.choice([*puts, p.get(q), p.get(q), p.qsize(q)]))


def _arrive(w: Writer) -> None:
    """At most once per thread: with no fewer parties than users, no generation follows another."""
    if p.arrive("B") not in w.ops:
        w.add(p.arrive("B"))
    else:
        _touch(w)


def _meet(w: Writer) -> None:
    """Any number of times: rounds follow each other, with other members, and a timeout may break one."""
    w.add(p.timed_arrive("G") if w.maybe(0.25) else p.arrive("G"))


def _unsettle(w: Writer) -> None:
    w.add(w.rng.choice([p.abort("G"), p.reset("G"), p.reset("G"), p.n_waiting("G"), p.broken("G")]))


def _watch(w: Writer) -> None:
    """Join or ask after a thread that this one knows, else touch a variable."""
    if w.started:
        w.add(w.rng.choice([p.join, p.is_alive])(w.rng.choice(w.started)))
    else:
        _touch(w)


# ---- profiles

VARIABLES: dict[Fragment, float] = {_touch: 4, _increment: 2, _check_then_act: 1}
LOCKED: dict[Fragment, float] = {_locked: 3, _nested: 2, _reentered: 1, _try_lock: 1}
CONDITIONS: dict[Fragment, float] = {_wait: 2, _wait_unless: 2, _notify: 3}
SEMAPHORES: dict[Fragment, float] = {_semaphore: 3, _try_semaphore: 1, _release_semaphore: 2, _bounded: 1}
TIMED: dict[Fragment, float] = {
    _timed_lock: 2,
    _timed_wait: 2,
    _timed_semaphore: 1,
    _timed_event: 2,
    _wait: 0.5,
    _notify: 1,
    _locked: 1,
}
PROFILES: dict[str, dict[Fragment, float]] = {
    "variables": VARIABLES,
    "locks": LOCKED,
    "conditions": CONDITIONS,
    "semaphores": SEMAPHORES,
    "events": {_event: 6, _timed_event: 1, _touch: 1},
    "barriers": {_arrive: 4, _touch: 3},
    "rounds": {_meet: 4, _touch: 1},
    "broken barriers": {_meet: 4, _unsettle: 3},
    "queues": {_queue: 6, _touch: 1},
    "environ": {_environ: 6, _yield: 0.3},
    "threads": {_watch: 5, _touch: 4, _nested: 1},
    "timed": TIMED,
    "choices": {_choice: 3, _yield: 1, _touch: 3},
    "mixed": {
        **VARIABLES,
        **LOCKED,
        **CONDITIONS,
        **SEMAPHORES,
        **TIMED,
        _event: 4,
        _arrive: 2,
        _queue: 4,
        _environ: 4,
        _watch: 2,
        _choice: 2,
        _yield: 1,
    },
}
"""Profile name -> fragments and their weights."""


def _objects(rng: Random, threads: int) -> list[tuple[str, p.Spec]]:
    """All objects that fragments may name; those not used are left out in the end."""
    bound = rng.randrange(1, 3)
    return [
        ("x", p.Variable()),
        ("y", p.Variable()),
        ("L", p.Lock() if rng.random() < 0.7 else p.RLock()),
        ("M", p.Lock()),
        ("R", p.RLock()),
        ("C", p.Condition("L")),
        ("S", p.Semaphore(rng.randrange(3))),
        ("T", p.Semaphore(bound, bound)),
        ("E", p.Event(rng.random() < 0.3)),
        ("B", p.Barrier(threads, drains=True)),
        ("Q", p.Queue(rng.randrange(3), (4,) if rng.random() < 0.2 else ())),
        ("P", p.Queue(1)),
        (p.ENVIRON, p.Environ((("A", "0"),) if rng.random() < 0.5 else ())),
        ("G", p.Barrier(rng.choice([1, 2, 2, 2, 3]), drains=True, action="y" if rng.random() < 0.3 else "")),
    ]


def random_program(seed: int, profile: str, *, budget: int = 20_000) -> p.Program:
    """A program of the given profile with at most `budget` interleavings, in which threads share something.

    The same arguments give the same program. Raises `ValueError` for an unknown profile or a budget below
    100.
    """
    if profile not in PROFILES:
        raise ValueError(f"no such profile: {profile!r}; there are {', '.join(PROFILES)}")
    if budget < 100:
        raise ValueError(f"a budget of {budget} interleavings is too small to draw from: at least 100")
    attempt = 0
    while True:
        program = _draw(Random(f"{profile}/{seed}/{attempt}"), profile)
        if _meets(program) and _fits(program, budget):
            return program
        attempt += 1


def _draw(rng: Random, profile: str) -> p.Program:
    threads, least, most = rng.choice([(2, 2, 4), (2, 2, 4), (3, 1, 3), (3, 2, 3), (4, 1, 2)])
    names = ["main", "a", "b", "c", "d"][:threads]
    idle = rng.random() < 0.3  # main starts the others and does nothing else
    if idle:
        names.append("abcd"[threads - 1])
    threaded = profile in ("threads", "mixed")
    parents = _parents(rng, names, nested=threaded)
    table = _table(rng, profile)
    writers = {name: Writer(rng, table) for name in names}
    for name in names:
        size = 0 if idle and name == "main" else rng.randrange(least, most + 1)
        _write(writers, name, [child for child in parents if parents[child] == name], size)
        if threaded and writers[name].started and rng.random() < 0.3:
            writers[name].add(p.join(rng.choice(writers[name].started)), p.read("x"))
    return _assemble(rng, {name: tuple(writers[name].ops) for name in names})


def _table(rng: Random, profile: str) -> dict[Fragment, float]:
    table = PROFILES[profile]
    if profile != "mixed":
        return table
    return dict.fromkeys(rng.choices(list(table), list(table.values()), k=4), 1.0)


def _assemble(rng: Random, bodies: dict[str, tuple[p.Op, ...]]) -> p.Program:
    """Add the objects that are used. A barrier has as many parties as users, or one more: nobody passes."""
    users = sum(p.arrive("B") in ops for ops in bodies.values())
    objects = _objects(rng, max(users + (rng.random() < 0.15), 1))
    ops = [op for each in bodies.values() for op in each]
    used = {op.target for op in ops if op.kind in p.TARGETS}
    used |= {"L"} if "C" in used else set()
    used |= {spec.action for name, spec in objects if name in used and isinstance(spec, p.Barrier)}
    used |= {p.ENVIRON} if any(op.kind in p.KEYED for op in ops) else set()
    return p.Program(tuple((name, spec) for name, spec in objects if name in used), tuple(bodies.items()))


def _parents(rng: Random, names: list[str], *, nested: bool) -> dict[str, str]:
    """Who starts whom: main all others, or any earlier one."""
    return {
        name: names[rng.randrange(place)] if nested and rng.random() < 0.5 else "main"
        for place, name in enumerate(names)
        if place
    }


def _write(writers: dict[str, Writer], name: str, children: list[str], size: int) -> None:
    """Write one body: it starts its children first, mostly, and then has at least `size` operations."""
    w = writers[name]
    for child in children:
        if size and w.maybe(0.15):
            w.fragment()
        w.add(p.spawn(child))
        writers[child].started += w.started
        w.started.append(child)
    begin = len(w.ops)
    while len(w.ops) - begin < size:
        w.fragment()


def _meets(program: p.Program) -> bool:
    """Whether two bodies use one object (or the environment), or one observes another."""
    users: dict[str, set[str]] = {}
    for name, ops in program.bodies:
        for op in ops:
            if op.kind in p.TARGETS or op.kind in p.KEYED:
                users.setdefault(op.target if op.kind in p.TARGETS else p.ENVIRON, set()).add(name)
    return bool(program.observed()) or any(len(names) > 1 for names in users.values())


def _fits(program: p.Program, budget: int) -> bool:
    try:
        return count_interleavings(program, most=budget) > 0
    except OverBudgetError:
        return False
