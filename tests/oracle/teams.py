"""Programs of threads that main starts at once, and what came of them, for the oracle's own tests."""

from __future__ import annotations

from tests.oracle import program as p
from tests.oracle.brute import Exploration

INCREMENT = (p.read("x"), p.write_last("x", 1))
LOCKED = (p.acquire("L"), *INCREMENT, p.release("L"))


def team(objects: dict[str, p.Spec], *bodies: tuple[p.Op, ...], main: tuple[p.Op, ...] = ()) -> p.Program:
    """Main starts threads 0.1, 0.2, … with these bodies, called a, b, …, and then does `main` itself."""
    names = "abcdefgh"[: len(bodies)]
    start = tuple(p.spawn(name) for name in names)
    return p.Program(tuple(objects.items()), (("main", start + main), *zip(names, bodies, strict=True)))


def counts(found: Exploration) -> tuple[int, int]:
    """(traces, deadlocked traces)"""
    return len(found.traces), len(found.deadlocked)


def results(found: Exploration, thread: str) -> set[tuple[p.Result, ...]]:
    return {dict(outcome.results)[thread] for outcome in found.distinct_outcomes}


def finals(found: Exploration, name: str) -> set[object]:
    return {dict(outcome.objects)[name] for outcome in found.distinct_outcomes}
