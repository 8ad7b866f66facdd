"""What may be said after an exploration: limits, bounds, seeds, and that nothing cut is ever called passed."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from scopedenv.sandbox import ModelFailure, Sandbox, Shared, Statistics, Verdict, choose, yield_now

from .checks import explored, passed


def three_and_three() -> str:
    """Main A A A and a thread b b b: which letters in which order."""
    letters = Shared("")

    def write(letter: str) -> None:
        for _ in range(2):
            letters.update(lambda text: text + letter)

    thread = threading.Thread(target=write, args=("b",))
    thread.start()
    write("A")
    thread.join()
    return letters._value


def test_every_order_is_run() -> None:
    """A A and b b: 6 orders; the thread's end x comes after its last b, before or after what main has left.

    AAbb 1, AbAb 1, AbbA 2 (x before or after A), bAAb 1, bAbA 2, bbAA 3: 10 schedules.
    """
    result = passed(three_and_three, {"AAbb", "AbAb", "AbbA", "bAAb", "bAbA", "bbAA"}, 10)
    assert result.outcomes["bbAA"] == 3


@pytest.mark.parametrize(
    ("bound", "outcomes"),
    [
        (0, {"AAbb"}),
        (1, {"AAbb", "AbbA", "bbAA"}),
        (2, {"AAbb", "AbAb", "AbbA", "bAAb", "bbAA"}),
    ],
)
def test_a_bound_on_preemptions(bound: int, outcomes: set[str]) -> None:
    """Leaving main between its operations is a preemption, as is leaving the thread; leaving at an end is none.

    0: main runs to its join. 1: main is left once, the thread runs to its end. 2: and the thread is left once.
    """
    result = Sandbox(strategy="dfs", preemption_bound=bound).explore(three_and_three)
    assert set(result.outcomes) == outcomes
    assert result.verdict is Verdict.BOUNDED
    assert result.ok
    assert not result.complete
    assert f"at most {bound} preemptions" in result.reason


def test_a_bound_that_left_nothing_out_is_a_pass() -> None:
    result = Sandbox(strategy="dfs", preemption_bound=50).explore(three_and_three)
    assert result.verdict is Verdict.PASSED
    assert result.complete
    assert result.schedules == 10


@pytest.mark.parametrize("limit", [1, 9])
def test_a_limit_on_schedules(limit: int) -> None:
    result = Sandbox(strategy="dfs", max_schedules=limit).explore(three_and_three)
    assert result.verdict is Verdict.BOUNDED
    assert result.schedules == limit
    assert not result.complete
    assert f"the limit of {limit} schedules (max_schedules)" in result.reason


def test_a_limit_that_is_just_enough_is_no_limit() -> None:
    result = Sandbox(strategy="dfs", max_schedules=10).explore(three_and_three)
    assert result.verdict is Verdict.PASSED
    assert result.complete


def test_a_limit_on_time() -> None:
    result = Sandbox(max_seconds=1e-9).explore(three_and_three)
    assert result.verdict is Verdict.BOUNDED
    assert result.schedules == 0
    assert not result.complete
    assert "max_seconds" in result.reason


def test_a_sample_is_bounded_and_the_same_for_the_same_seed() -> None:
    def sample(seed: int) -> Any:
        return Sandbox(strategy="random", seed=seed, max_schedules=12).explore(three_and_three)

    one, again, other = sample(1), sample(1), sample(2)
    assert one.verdict is Verdict.BOUNDED
    assert not one.complete
    assert one.outcomes == again.outcomes
    assert list(one.outcomes) == list(again.outcomes)
    assert list(one.outcomes.items()) != list(other.outcomes.items())


def test_the_seed_is_that_of_the_models_random_numbers() -> None:
    import random

    def model() -> float:
        return random.random()

    def drawn(seed: int) -> set[Any]:
        return set(explored(model, seed=seed).outcomes)

    assert drawn(1) == drawn(1) != drawn(2)


def test_a_replay_says_that_it_was_one_schedule() -> None:
    result = Sandbox().replay(three_and_three, "s1:0x3,0.1x3,0x2")
    assert dict(result.outcomes) == {"AAbb": 1}
    assert result.verdict is Verdict.BOUNDED
    assert not result.complete
    assert "One schedule was asked for" in result.reason


def test_check_raises_the_report() -> None:
    def model() -> None:
        if choose(2):
            raise ValueError("of this model")

    with pytest.raises(ModelFailure, match="of this model") as caught:
        Sandbox().check(model)
    assert caught.value.exploration.verdict is Verdict.FAILED
    assert isinstance(caught.value, AssertionError)
    assert Sandbox().check(three_and_three).ok


def test_stopping_at_the_first_finding_is_not_complete() -> None:
    def model() -> None:
        if choose(3) == 1:
            raise ValueError

    result = Sandbox().explore(model)
    assert (result.schedules, result.complete, result.verdict) == (2, False, Verdict.FAILED)
    result = explored(model)
    assert (result.schedules, result.complete, result.verdict) == (3, True, Verdict.FAILED)
    assert "1 of them fails" in result.reason


def test_a_limit_together_with_a_finding_is_a_failure_and_names_the_limit() -> None:
    def model() -> None:
        if choose(3) == 1:
            raise ValueError

    result = explored(model, max_schedules=2)
    assert (result.schedules, result.complete, result.verdict) == (2, False, Verdict.FAILED)
    assert "max_schedules" in result.reason


def test_a_loop_that_yields_ends_as_soon_as_it_may() -> None:
    def model() -> int:
        ready = Shared(False)
        turns = 0
        thread = threading.Thread(target=ready.set, args=(True,))
        thread.start()
        while not ready.get():
            turns += 1
            yield_now()
        thread.join()
        return turns

    result = Sandbox(strategy="dfs", max_schedules=20).explore(model)
    assert result.ok, result.report()
    assert result.outcomes


def test_a_loop_of_timed_waits_does_not_keep_others_from_what_it_waits_for() -> None:
    def model() -> bool:
        event = threading.Event()
        thread = threading.Thread(target=event.set)
        thread.start()
        while not event.wait(timeout=1):
            pass
        thread.join()
        return True

    result = Sandbox(strategy="dfs", max_schedules=20).explore(model)
    assert result.ok, result.report()
    assert set(result.outcomes) == {True}


def test_progress_is_told() -> None:
    told: list[Statistics] = []
    Sandbox(on_progress=told.append).explore(three_and_three)
    assert told
    assert told[0].executions == 1
    assert told[0].longest > 0


def test_statistics_count_what_was_run() -> None:
    result = explored(lambda: choose(4))
    assert result.statistics.executions == result.schedules == 4
    assert result.statistics.steps == 8  # a choice and an end in each
    assert result.statistics.longest == 2
    assert result.statistics.preemption_bound is None
