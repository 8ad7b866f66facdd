"""What operations mean, row by row: enabled, changes, outcome, accesses. Every kind has a row, and a reason."""

from __future__ import annotations

from typing import Any

import pytest

from scopedenv.sandbox.run.semantics import RULES, Op, enabled
from scopedenv.sandbox.wire import ERROR, NO, OK, Kind

T = "0.1"
FREE = None


def test_every_kind_has_a_rule_with_a_reason() -> None:
    assert set(RULES) == set(Kind)
    assert all(rule.why for rule in RULES.values())


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
