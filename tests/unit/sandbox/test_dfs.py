"""Depth-first search on simulated runs: exactly the interleavings that arithmetic gives, each once."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace
from typing import Any

import pytest

from scopedenv.sandbox.schedule import Choice, Option
from scopedenv.sandbox.search.dfs import DepthFirst


def run(order: Any, lengths: dict[str, int], alternatives: int = 1) -> Any:
    """Threads that take so many steps each, none of which ever blocks."""
    left = dict(lengths)
    steps: list[Any] = []
    current: str | None = None
    while any(left.values()):
        options = tuple(Option(t, alternatives, (t, n), False) for t, n in left.items() if n)
        position = len(steps)
        choice = order.choices[position] if position < len(order.choices) else order.policy(current, options)
        current = choice.thread
        steps.append(SimpleNamespace(choice=choice, thread=current, options=options, op=(current, left[current])))
        left[current] -= 1
    return SimpleNamespace(steps=steps)


def explore(search: DepthFirst, lengths: dict[str, int], alternatives: int = 1) -> list[tuple[Choice, ...]]:
    """Every schedule that the search asks for, as carried out."""
    done = []
    while (order := search.next()) is not None:
        execution = run(order, lengths, alternatives)
        expected = tuple(step.op for step in execution.steps[: len(order.expected)])
        assert order.expected == expected, "the search expects what it has met before"
        search.observe(order, execution)
        done.append(tuple(step.choice for step in execution.steps))
    return done


@pytest.mark.parametrize("lengths", [(1,), (2, 2), (3, 3), (1, 2, 3), (2, 2, 2)])
def test_every_interleaving_once(lengths: tuple[int, ...]) -> None:
    """Threads of a, b, c steps: (a+b+c)! / (a! b! c!) interleavings."""
    threads = {f"0.{index}": length for index, length in enumerate(lengths, 1)}
    done = explore(search := DepthFirst(), threads)
    expected = math.factorial(sum(lengths)) // math.prod(map(math.factorial, lengths))
    assert len(done) == len(set(done)) == expected
    assert not search.pruned
    assert search.exhausted


def test_alternatives_are_branches() -> None:
    """One thread, three steps of two alternatives: 2 to the power of 3."""
    done = explore(DepthFirst(), {"0": 3}, alternatives=2)
    assert len(done) == len(set(done)) == 8


def preemptions(word: tuple[str, ...]) -> int:
    """How often `word` leaves a thread that has steps left."""
    return sum(one != two and one in word[at + 1 :] for at, (one, two) in enumerate(itertools.pairwise(word)))


@pytest.mark.parametrize("bound", range(6))
def test_a_bound_on_preemptions(bound: int) -> None:
    """Two threads of three steps: of the 20 words of AAABBB, those that leave an unfinished thread that often."""
    words = set(itertools.permutations("AAABBB"))
    assert len(words) == 20
    within = {word for word in words if preemptions(word) <= bound}
    search = DepthFirst(bound)
    done = [tuple(choice.thread for choice in schedule) for schedule in explore(search, {"A": 3, "B": 3})]
    assert len(done) == len(within)
    assert set(done) == within
    assert search.pruned == (within != words)


def test_an_execution_that_ends_early_leaves_the_rest_of_the_tree_alone() -> None:
    """A crash after the first step of one schedule: nothing below it is asked for, everything beside it is."""
    search = DepthFirst()
    lengths = {"A": 2, "B": 2}
    done = []
    while (order := search.next()) is not None:
        execution = run(order, lengths)
        if execution.steps[0].choice.thread == "B":
            execution.steps = execution.steps[:1]
        search.observe(order, execution)
        done.append("".join(step.choice.thread for step in execution.steps))
    assert sorted(done) == ["AABB", "ABAB", "ABBA", "B"]
