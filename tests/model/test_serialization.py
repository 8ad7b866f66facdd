"""The scopes of different threads never overlap, whatever their variables are."""

from __future__ import annotations

import os
import threading
from functools import partial
from itertools import permutations

from tests.model.property import assert_settled, explore, model, outcomes, together, values

from scopedenv.sandbox import FindingKind, Verdict


@model()
def test_two_threads_never_see_each_other(Guard):
    order = []

    def body(name):
        with Guard({"A": name, "B": name}):
            order.append(name)
            assert values("A", "B") == (name, name)

    together(partial(body, "0"), partial(body, "1"))
    assert_settled(Guard)
    return "".join(order)


def test_either_of_two_threads_may_be_first():
    assert outcomes(test_two_threads_never_see_each_other) == {"01", "10"}


@model(preemption_bound=2)
def test_three_threads_never_see_each_other(Guard):
    order = []

    def body(name):
        with Guard({"A": name}):
            order.append(name)
            assert values("A") == (name,)

    together(*(partial(body, name) for name in "012"))
    assert_settled(Guard)
    return "".join(order)


def test_three_threads_come_in_every_order():
    assert outcomes(test_three_threads_never_see_each_other) == set(map("".join, permutations("012")))


@model()
def test_scopes_of_one_thread_after_another_take_the_lock_anew(Guard):
    def twice():
        for name in ("first", "second"):
            with Guard({"A": name}):
                assert values("A") == (name,)

    def once():
        with Guard({"A": "other"}):
            assert values("A") == ("other",)

    together(twice, once)
    assert_settled(Guard)


@model()
def test_scopes_of_different_variables_are_serialized_too(Guard):
    def body(mine, other, unchanged):
        with Guard({mine: "mine"}):
            assert values(mine, other) == ("mine", unchanged)

    together(partial(body, "A", "B", None), partial(body, "B", "A", "before"))
    assert_settled(Guard)


@model()
def test_a_reader_with_a_guard_never_sees_half_a_change(Guard):
    def writer():
        with Guard({"A": "after", "B": "after"}):
            pass

    def reader():
        with Guard({}):
            return values("A", "B")

    seen = together(reader, writer)[0]
    assert seen == ("before", None)
    assert_settled(Guard)
    return seen


@model()
def test_a_reader_without_a_guard_is_not_protected(Guard):
    def writer():
        with Guard({"A": "after", "B": "after"}):
            pass

    seen = together(lambda: values("A", "B"), writer)[0]
    assert_settled(Guard)
    return seen


def test_the_model_checker_shows_half_changes_to_a_reader_without_a_guard():
    """So that the test of the guarded reader says something: these sights exist, and the guard hides them.

    The writer sets A, then B, and restores B, then A; the reader reads A, then B.
    """
    seen = outcomes(test_a_reader_without_a_guard_is_not_protected)
    assert seen == {("before", None), ("after", None), ("before", "after"), ("after", "after")}
    assert outcomes(test_a_reader_with_a_guard_never_sees_half_a_change) == {("before", None)}


@model()
def test_unset_variables_stay_unset_in_the_scope(Guard):
    def unsets():
        with Guard({"A": None, "B": None}):
            assert values("A", "B") == (None, None)

    def sets():
        with Guard({"A": "set", "B": "set"}):
            assert values("A", "B") == ("set", "set")

    together(unsets, sets)
    assert_settled(Guard)


@model()
def test_bytes_and_text_are_the_same_variables(Guard):
    def as_bytes():
        with Guard({b"A": b"bytes", b"B": None}):
            assert (os.environb[b"A"], os.environ["A"]) == (b"bytes", "bytes")

    def as_text():
        with Guard({"A": None, "B": "text"}):
            assert (b"A" in os.environb, os.environb[b"B"]) == (False, b"text")

    together(as_bytes, as_text)
    assert_settled(Guard)


@model()
def test_the_whole_environment_ends_as_it_began(Guard):
    before = dict(os.environ)

    def body(changes):
        with Guard(changes):
            with Guard({"C": "inner", "PATH": None}):
                pass

    together(partial(body, {"A": None, "B": "0"}), partial(body, {"A": "1", "B": None}))
    assert dict(os.environ) == before


@model()
def test_a_guard_and_a_lock_in_one_order_go_well(Guard):
    lock = threading.Lock()

    def body(name):
        with Guard({"A": name}), lock:
            assert values("A") == (name,)

    together(partial(body, "0"), partial(body, "1"))
    assert_settled(Guard)


def guard_and_lock_in_opposite_orders(Guard):
    lock = threading.Lock()

    def guard_first():
        with Guard({"A": "0"}), lock:
            pass

    def lock_first():
        with lock, Guard({"A": "1"}):
            pass

    together(guard_first, lock_first)
    assert_settled(Guard)
    return "ended"


def test_a_guard_and_a_lock_in_opposite_orders_are_reported_as_a_deadlock():
    result = explore(guard_and_lock_in_opposite_orders)
    assert result.verdict is Verdict.FAILED
    assert {finding.kind for finding in result.findings} == {FindingKind.DEADLOCK}
    assert set(result.outcomes) == {"ended"}  # by luck; that is why it takes a model checker
    for waited_for in ("scopedenv.state.ENV_LOCK", "Lock made at test_serialization.py"):
        assert f"waits for {waited_for}" in result.findings[0].message


def join_inside_a_scope(Guard):
    def scoped():
        with Guard({"B": "1"}):
            pass

    thread = threading.Thread(target=scoped)
    with Guard({"A": "0"}):
        thread.start()
        thread.join()


def test_joining_a_thread_that_wants_a_scope_from_within_one_is_reported_as_a_deadlock():
    result = explore(join_inside_a_scope)
    assert result.verdict is Verdict.FAILED
    assert {finding.kind for finding in result.findings} == {FindingKind.DEADLOCK}
    assert not result.outcomes  # it goes wrong in every schedule
