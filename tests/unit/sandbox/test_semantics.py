"""What operations mean, row by row: enabled, changes, outcome, accesses. Every kind has a row, and a reason."""

from __future__ import annotations

from typing import Any

import pytest

from scopedenv.sandbox.run.barrier import Barrier
from scopedenv.sandbox.run.semantics import RULES, Op, enabled
from scopedenv.sandbox.wire import ERROR, NO, OK, Kind

T = "0.1"
FREE = None


def test_every_kind_has_a_rule_with_a_reason() -> None:
    assert set(RULES) == set(Kind)
    assert all(rule.why for rule in RULES.values())


def _barrier(phase: str, inside: int, acting: str | None = None) -> dict[str, Any]:
    """A barrier of three parties as the state of x."""
    return {"x": Barrier(phase, inside, 3, acting)}


BARRIER_ROWS: list[tuple[Kind, Any, dict[str, Any], int, dict[str, Any], int]] = [
    (Kind.BARRIER_ARRIVE, False, _barrier("filling", 0), 1, _barrier("filling", 1), NO),
    (Kind.BARRIER_ARRIVE, False, _barrier("filling", 2), 1, _barrier("draining", 2), OK),
    (Kind.BARRIER_ARRIVE, True, _barrier("filling", 1), 1, _barrier("filling", 2), NO),
    (Kind.BARRIER_ARRIVE, True, _barrier("filling", 2), 1, _barrier("filling", 3, T), OK),
    (Kind.BARRIER_ARRIVE, False, {"x": Barrier("filling", 0, 1)}, 1, {"x": Barrier("filling", 0, 1)}, OK),
    (Kind.BARRIER_ARRIVE, False, _barrier("broken", 1), 1, {}, ERROR),
    (Kind.BARRIER_ARRIVE, False, _barrier("draining", 1), 0, _barrier("draining", 2), NO),
    (Kind.BARRIER_ARRIVE, False, _barrier("resetting", 1), 0, _barrier("resetting", 2), NO),
    (Kind.BARRIER_ARRIVE, False, _barrier("filling", 3, "0"), 0, _barrier("filling", 4, "0"), NO),
    (Kind.BARRIER_PASS, None, _barrier("filling", 2), 0, _barrier("broken", 1), NO),
    (Kind.BARRIER_PASS, 0.0, _barrier("filling", 2), 1, _barrier("broken", 1), NO),
    (Kind.BARRIER_PASS, 1.0, _barrier("filling", 1), 1, _barrier("broken", 0), NO),
    (Kind.BARRIER_PASS, 1.0, _barrier("filling", 3, "0"), 0, _barrier("broken", 2), NO),
    (Kind.BARRIER_PASS, None, _barrier("draining", 2), 1, _barrier("draining", 1), OK),
    (Kind.BARRIER_PASS, 1.0, _barrier("draining", 1), 1, _barrier("filling", 0), OK),
    (Kind.BARRIER_PASS, None, _barrier("resetting", 2), 1, _barrier("resetting", 1), ERROR),
    (Kind.BARRIER_PASS, None, _barrier("resetting", 1), 1, _barrier("filling", 0), ERROR),
    (Kind.BARRIER_PASS, 1.0, _barrier("broken", 1), 1, _barrier("broken", 0), ERROR),
    (Kind.BARRIER_OPEN, None, _barrier("filling", 3, T), 1, _barrier("draining", 2), OK),
    (Kind.BARRIER_OPEN, None, {"x": Barrier("filling", 1, 1, T)}, 1, {"x": Barrier("filling", 0, 1)}, OK),
    (Kind.BARRIER_BREAK, None, _barrier("filling", 3, T), 1, _barrier("broken", 2), OK),
    (Kind.BARRIER_LEAVE, None, _barrier("filling", 2), 1, _barrier("filling", 1), OK),
    (Kind.BARRIER_LEAVE, None, _barrier("draining", 1), 1, _barrier("filling", 0), OK),
    (Kind.BARRIER_LEAVE, None, _barrier("filling", 3, "0"), 0, _barrier("filling", 2), OK),
    (Kind.BARRIER_ABORT, None, _barrier("filling", 1), 1, _barrier("broken", 1), OK),
    (Kind.BARRIER_ABORT, None, _barrier("draining", 1), 1, _barrier("broken", 1), OK),
    (Kind.BARRIER_ABORT, None, _barrier("filling", 3, "0"), 0, _barrier("broken", 3, "0"), OK),
    (Kind.BARRIER_RESET, None, _barrier("filling", 0), 1, _barrier("filling", 0), OK),
    (Kind.BARRIER_RESET, None, _barrier("filling", 2), 1, _barrier("resetting", 2), OK),
    (Kind.BARRIER_RESET, None, _barrier("draining", 2), 1, _barrier("draining", 2), OK),
    (Kind.BARRIER_RESET, None, _barrier("broken", 2), 1, _barrier("resetting", 2), OK),
    (Kind.BARRIER_RESET, None, _barrier("broken", 0), 1, _barrier("filling", 0), OK),
    (Kind.BARRIER_RESET, None, _barrier("filling", 3, "0"), 0, _barrier("resetting", 3, "0"), OK),
    (Kind.BARRIER_WAITING, None, _barrier("filling", 2), 1, {}, 2),
    (Kind.BARRIER_WAITING, None, _barrier("filling", 3, "0"), 1, {}, 3),
    (Kind.BARRIER_WAITING, None, _barrier("draining", 2), 1, {}, 0),
    (Kind.BARRIER_BROKEN, None, _barrier("broken", 0), 1, {}, 1),
    (Kind.BARRIER_BROKEN, None, _barrier("resetting", 1), 1, {}, 0),
]


#: kind, argument, states before, alternatives, states changed, outcome
ROWS: list[tuple[Kind, Any, dict[str, Any], int, dict[str, Any], int]] = [
    (Kind.ACQUIRE, None, {"x": FREE}, 1, {"x": T}, OK),
    (Kind.ACQUIRE, None, {"x": "0"}, 0, {}, NO),
    (Kind.ACQUIRE, 0.0, {"x": "0"}, 1, {}, NO),
    (Kind.ACQUIRE, 2.0, {"x": FREE}, 1, {"x": T}, OK),
    (Kind.RELEASE, None, {"x": "0"}, 1, {"x": FREE}, OK),
    (Kind.RELEASE, None, {"x": FREE}, 1, {}, ERROR),
    (Kind.LOCKED, None, {"x": "0"}, 1, {}, 1),
    (Kind.LOCKED, None, {"x": FREE}, 1, {}, 0),
    (Kind.CONDITION_WAIT, None, {"x": (("0",), ()), "l": T}, 1, {"x": (("0", T), ()), "l": FREE}, OK),
    (Kind.CONDITION_WAKE, 1.0, {"x": ((T,), ())}, 1, {}, NO),
    (Kind.CONDITION_WAKE, 1.0, {"x": ((), (T,))}, 1, {}, OK),
    (Kind.CONDITION_REACQUIRE, None, {"x": ((), (T,)), "l": FREE}, 1, {"x": ((), ()), "l": T}, OK),
    (Kind.CONDITION_REACQUIRE, None, {"x": ((), (T,)), "l": "0"}, 0, {"x": ((), ()), "l": T}, OK),
    (Kind.CONDITION_REACQUIRE, None, {"x": ((T,), ()), "l": FREE}, 0, {"x": ((), ()), "l": T}, OK),
    (Kind.CONDITION_REACQUIRE, 0.0, {"x": ((T, "0"), ()), "l": FREE}, 1, {"x": (("0",), ()), "l": T}, OK),
    (Kind.NOTIFY, 1, {"x": (("a", "b"), ("c",))}, 1, {"x": (("b",), ("c", "a"))}, OK),
    (Kind.NOTIFY, None, {"x": (("a", "b"), ())}, 1, {"x": ((), ("a", "b"))}, OK),
    (Kind.NOTIFY, 3, {"x": ((), ())}, 1, {"x": ((), ())}, OK),
    (Kind.EVENT_SET, None, {"x": (False, ("a",), ("b",))}, 1, {"x": (True, (), ("b", "a"))}, OK),
    (Kind.EVENT_CLEAR, None, {"x": (True, (), ("a",))}, 1, {"x": (False, (), ("a",))}, OK),
    (Kind.EVENT_IS_SET, None, {"x": (True, (), ())}, 1, {}, 1),
    (Kind.EVENT_WAIT, None, {"x": (True, (), ())}, 1, {}, OK),
    (Kind.EVENT_WAIT, None, {"x": (False, (), ())}, 1, {"x": (False, (T,), ())}, NO),
    (Kind.EVENT_WAKE, None, {"x": (False, (T,), ())}, 0, {"x": (False, (), ())}, 0),
    (Kind.EVENT_WAKE, None, {"x": (False, (), (T,))}, 1, {"x": (False, (), ())}, 1),
    (Kind.EVENT_WAKE, 1.0, {"x": (False, (T,), ())}, 1, {"x": (False, (), ())}, 0),
    (Kind.SEMAPHORE_ACQUIRE, None, {"x": (2, None)}, 1, {"x": (1, None)}, OK),
    (Kind.SEMAPHORE_ACQUIRE, None, {"x": (0, None)}, 0, {}, NO),
    (Kind.SEMAPHORE_ACQUIRE, 0.0, {"x": (0, None)}, 1, {}, NO),
    (Kind.SEMAPHORE_RELEASE, 2, {"x": (0, None)}, 1, {"x": (2, None)}, OK),
    (Kind.SEMAPHORE_RELEASE, 2, {"x": (0, 1)}, 1, {}, ERROR),
    *BARRIER_ROWS,
    (Kind.START, None, {}, 1, {"x": "alive"}, OK),
    (Kind.EXIT, None, {"x": "alive"}, 1, {"x": "ended"}, OK),
    (Kind.JOIN, None, {"x": "alive"}, 0, {}, 0),
    (Kind.JOIN, 1.0, {"x": "alive"}, 1, {}, 0),
    (Kind.JOIN, None, {"x": "ended"}, 1, {}, 1),
    (Kind.IS_ALIVE, None, {"x": "alive"}, 1, {}, 1),
    (Kind.IS_ALIVE, None, {"x": "ended"}, 1, {}, 0),
    (Kind.CHOOSE, 3, {}, 3, {}, OK),
    (Kind.YIELD, None, {}, 1, {}, OK),
]


@pytest.mark.parametrize(("kind", "arg", "states", "alternatives", "changed", "outcome"), ROWS)
def test_row(
    kind: Kind, arg: Any, states: dict[str, Any], alternatives: int, changed: dict[str, Any], outcome: int
) -> None:
    op = Op(kind, "x", arg, "l")
    before = dict(states)
    assert enabled(op, T, states) == alternatives
    assert RULES[kind].apply(op, T, states) == (changed, outcome)
    assert states == before


@pytest.mark.parametrize(
    ("kind", "outcome", "accesses"),
    [
        (Kind.ACQUIRE, OK, {("x", "W")}),
        (Kind.ACQUIRE, NO, {("x", "R")}),
        (Kind.CONDITION_WAIT, OK, {("x", "W"), ("l", "W")}),
        (Kind.CONDITION_REACQUIRE, OK, {("x", "W"), ("l", "W")}),
        (Kind.EVENT_WAIT, OK, {("x", "R")}),
        (Kind.EVENT_WAIT, NO, {("x", "W")}),
        (Kind.BARRIER_ARRIVE, NO, {("x", "W")}),
        (Kind.BARRIER_ARRIVE, ERROR, {("x", "W")}),
        (Kind.BARRIER_PASS, OK, {("x", "U")}),
        (Kind.BARRIER_PASS, ERROR, {("x", "U")}),
        (Kind.BARRIER_PASS, NO, {("x", "W")}),
        (Kind.BARRIER_LEAVE, OK, {("x", "U")}),
        (Kind.BARRIER_WAITING, 2, {("x", "R")}),
        (Kind.ENV_GET, OK, {("x", "R")}),
        (Kind.ENV_SET, OK, {("x", "W"), ("env:*", "U")}),
        (Kind.ENV_DEL, OK, {("x", "W"), ("env:*", "U")}),
        (Kind.SHARED_COMPARE, NO, {("x", "W")}),
        (Kind.CHOOSE, OK, set()),
        (Kind.YIELD, OK, set()),
    ],
)
def test_accesses(kind: Kind, outcome: int, accesses: set[tuple[str, str]]) -> None:
    assert set(RULES[kind].accesses(Op(kind, "x", None, "l"), outcome)) == accesses
