"""Scopes inside scopes, closed in any order, while another thread waits for its turn."""

from __future__ import annotations

import contextlib
from functools import partial
from itertools import permutations

from tests.model.property import assert_settled, model, outcomes, together, values

from scopedenv import ScopedEnvStateError
from scopedenv.sandbox import choose, yield_now


def rival_of(Guard):
    """A thread that would disturb, and be disturbed by, any scope that is open when it should not be."""

    def rival():
        with Guard({"A": "rival", "B": "rival"}):
            assert values("A", "B") == ("rival", "rival")

    return rival


@model()
def test_the_end_of_an_inner_scope_does_not_let_others_in(Guard):
    def nested():
        with Guard({"A": "outer"}):
            with Guard({"A": "inner"}):
                assert values("A", "B") == ("inner", None)
            assert values("A", "B") == ("outer", None)

    together(nested, rival_of(Guard))
    assert_settled(Guard)


@model()
def test_nested_scopes_of_two_threads(Guard):
    order = []

    def nested(name):
        with Guard({"A": name, "B": name}):
            order.append(name)
            with Guard({"A": None, "C": name}):
                assert values("A", "B", "C") == (None, name, name)
            assert values("A", "B", "C") == (name, name, None)

    together(partial(nested, "0"), partial(nested, "1"))
    assert_settled(Guard)
    return "".join(order)


def test_nested_scopes_of_either_thread_may_come_first():
    assert outcomes(test_nested_scopes_of_two_threads) == {"01", "10"}


@model()
def test_an_outer_scope_closed_first_leaves_the_inner_one_its_values(Guard):
    def out_of_order():
        outer = Guard.apply({"A": "outer", "B": "outer"})
        inner = Guard.apply({"A": "inner"})
        outer.close()
        assert values("A", "B") == ("inner", "outer")
        inner.close()

    together(out_of_order, rival_of(Guard))
    assert_settled(Guard)


@model()
def test_three_scopes_closed_in_any_order(Guard):
    """The order is a choice of the model checker's, beside the schedule: 6 orders."""
    orders = list(permutations(range(3)))
    order = orders[choose(len(orders))]

    def in_chosen_order():
        guards = [Guard.apply({"A": str(depth)}) for depth in range(3)]
        is_open = [True, True, True]
        for depth in order:
            highest = max(number for number in range(3) if is_open[number])
            assert values("A") == (str(highest),)
            guards[depth].close()
            is_open[depth] = False

    together(in_chosen_order, rival_of(Guard))
    assert_settled(Guard)
    return order


def test_three_scopes_are_closed_in_every_order():
    assert outcomes(test_three_scopes_closed_in_any_order) == set(permutations(range(3)))


@model()
def test_calls_of_a_decorated_function_have_scopes_of_their_own(Guard):
    """It recurses on one thread and is called on another: one guard, three scopes."""

    @Guard({"A": "decorated"})
    def decorated(name, depth):
        assert values("A") == ("decorated",)
        with Guard({"B": name}):
            if depth:
                decorated(name, depth - 1)
            assert values("A", "B") == ("decorated", name)

    together(partial(decorated, "0", 1), partial(decorated, "1", 0))
    assert_settled(Guard)


@model()
def test_one_guard_object_is_never_open_twice(Guard):
    """Two threads share a guard object: who comes while it is open is refused, who comes later may use it again."""
    guard = Guard({"A": "shared"})

    def body():
        yield_now()
        try:
            with guard:
                assert values("A") == ("shared",)
                with contextlib.suppress(ScopedEnvStateError):
                    guard.__enter__()
                    raise AssertionError("an open guard was entered")
        except ScopedEnvStateError:
            return "refused"
        return "entered"

    endings = together(body, body)
    assert_settled(Guard)
    return endings


def test_a_shared_guard_object_refuses_one_thread_or_none():
    assert outcomes(test_one_guard_object_is_never_open_twice) == {
        ("entered", "entered"),
        ("entered", "refused"),
        ("refused", "entered"),
    }
