"""Scopes that end otherwise than they should: by an exception, a timeout, the wrong thread, the end of a thread."""

from __future__ import annotations

import contextlib
import sys
import warnings

from tests.model.property import assert_settled, model, outcomes, together, values

from scopedenv import ScopedEnvThreadError, ScopedEnvTimeout
from scopedenv.sandbox import Shared, yield_now


def neighbour_of(Guard):
    """A thread that changes C alone, so that another one may look at A and B outside its scopes."""

    def neighbour():
        with Guard({"C": "neighbour"}):
            assert values("A") == ("before",)

    return neighbour


@model()
def test_an_exception_in_the_scope_restores_and_releases(Guard):
    def failing():
        guard = Guard({"A": None, "B": "failing"})
        try:
            with guard:
                raise LookupError("in the body")
        except LookupError:
            assert values("A", "B") == ("before", None)

    together(failing, neighbour_of(Guard))
    assert_settled(Guard)


@model()
def test_an_exception_in_an_inner_scope_leaves_the_outer_one_open(Guard):
    def failing():
        with Guard({"A": "outer"}):
            inner = Guard({"A": "inner", "B": "inner"})
            try:
                with inner:
                    raise LookupError("in the body")
            except LookupError:
                assert values("A", "B", "C") == ("outer", None, None)

    together(failing, neighbour_of(Guard))
    assert_settled(Guard)


@model()
def test_a_refused_write_undoes_the_ones_before_it(Guard):
    """B is refused by an audit hook, which cannot be removed again: the process is thrown away."""

    def refuse(event, arguments):
        if event == "os.putenv" and arguments == (b"B", b"refused"):
            raise PermissionError("B is refused")

    sys.addaudithook(refuse)

    def refused():
        try:
            Guard.apply({"A": "kept out", "B": "refused"})
        except PermissionError:
            assert values("A", "B") == ("before", None)
            return "refused"
        return "applied"

    assert together(refused, neighbour_of(Guard))[0] == "refused"
    assert_settled(Guard)


def waits_at_most(Guard, timeout):
    def patient():
        with Guard({"A": "patient"}):
            assert values("A") == ("patient",)

    def impatient():
        try:
            with Guard({"A": "impatient"}, timeout=timeout):
                assert values("A") == ("impatient",)
        except ScopedEnvTimeout:
            return "timed out"
        return "entered"

    ending = together(impatient, patient)[0]
    assert_settled(Guard)
    return ending


@model()
def test_a_timeout_lets_in_or_raises(Guard):
    return waits_at_most(Guard, 30)


@model()
def test_a_timeout_of_nothing_lets_in_or_raises(Guard):
    return waits_at_most(Guard, 0)


def test_a_timeout_has_both_endings():
    assert outcomes(test_a_timeout_lets_in_or_raises) == {"entered", "timed out"}
    assert outcomes(test_a_timeout_of_nothing_lets_in_or_raises) == {"entered", "timed out"}


@model()
def test_the_end_of_a_thread_restores_and_releases(Guard):
    kept = []

    def careless():
        kept.append(Guard.apply({"A": "outer", "B": "outer"}))
        kept.append(Guard.apply({"A": "inner"}))

    together(neighbour_of(Guard), careless)
    assert_settled(Guard)


@model()
def test_a_guard_dropped_on_its_own_thread_is_restored_at_once(Guard):
    warnings.simplefilter("ignore", ResourceWarning)

    def careless():
        guard = Guard.apply({"A": "dropped", "B": "dropped"})
        del guard
        assert values("A", "B") == ("before", None)

    together(careless, neighbour_of(Guard))
    assert_settled(Guard)


@model()
def test_a_guard_dropped_on_another_thread_is_restored_when_its_own_enters(Guard):
    """The other thread may drop it before, after, or while its own thread enters the next scope."""
    warnings.simplefilter("ignore", ResourceWarning)
    box, dropped = Shared(None), Shared(False)

    def owner():
        box.set(Guard.apply({"A": "dropped"}))
        gone = dropped.get()
        with Guard({"B": "owner"}):
            seen = values("A")[0]
            assert seen == "before" or not gone
        return seen

    def other():
        if box.exchange(None) is not None:  # and with that it is gone
            dropped.set(True)

    seen = together(other, owner)[1]  # the owner is the one that ends: a guard left in the box is then restored
    assert_settled(Guard)
    return seen


def test_a_guard_is_dropped_early_and_late():
    late = outcomes(test_a_guard_dropped_on_another_thread_is_restored_when_its_own_enters)
    assert late == {"before", "dropped"}


@model()
def test_another_thread_cannot_close_a_guard(Guard):
    box = Shared(None)

    def owner():
        guard = Guard.apply({"A": "owner"})
        box.set(guard)
        assert values("A") == ("owner",)
        guard.close()

    def intruder():
        guard = box.get()
        if guard is None:
            return "too early"
        try:
            guard.close()
        except ScopedEnvThreadError:
            return "refused"
        return "closed"

    attempt = together(owner, intruder)[1]
    assert attempt != "closed"
    assert_settled(Guard)
    return attempt


@model()
def test_another_thread_that_is_refused_can_still_have_its_turn(Guard):
    box = Shared(None)

    def owner():
        guard = Guard.apply({"A": "owner"})
        box.set(guard)
        assert values("A") == ("owner",)
        guard.close()

    def intruder():
        guard = box.get()
        if guard is not None:
            with contextlib.suppress(ScopedEnvThreadError):
                guard.close()
        with Guard({"A": "intruder"}):
            assert values("A") == ("intruder",)

    together(owner, intruder)
    assert_settled(Guard)


def test_another_thread_is_refused_whenever_it_comes_in_time():
    assert outcomes(test_another_thread_cannot_close_a_guard) == {"too early", "refused"}


@model()
def test_a_guard_closed_twice_ends_every_scope_of_its_thread(Guard):
    """The nesting cannot be trusted any more. The outer scope's own close is no misuse after that."""

    def clumsy():
        outer = Guard.apply({"A": "outer"})
        inner = Guard.apply({"B": "inner"})
        inner.close()
        inner.close()
        assert values("A") == ("before",)
        outer.close()

    together(clumsy, neighbour_of(Guard))
    assert_settled(Guard)


@model()
def test_closing_what_was_never_opened_leaves_other_threads_alone(Guard):
    def owner():
        with Guard({"A": "owner"}):
            assert values("A") == ("owner",)

    def stranger():
        yield_now()
        Guard({"A": "stranger"}).close()

    together(owner, stranger)
    assert_settled(Guard)
