"""Loops that wait for another thread: with yield_now they end, without it the step limit tells."""

from __future__ import annotations

import threading
import time

from scopedenv.sandbox import FindingKind, Sandbox, Shared, Verdict, yield_now


def _spinning(polls, *others):
    flag = Shared(False)
    threads = [threading.Thread(target=polls, args=(flag,)), *[threading.Thread(target=o) for o in others]]
    for thread in threads:
        thread.start()
    flag.set(True)
    for thread in threads:
        thread.join()


def _until(flag):
    while not flag.get():
        yield_now()


def test_a_yielding_loop_ends():
    """The flag is set before the first look, before the second, or ... : fair schedules are few."""
    result = Sandbox().explore(lambda: _spinning(_until))
    assert result.verdict is Verdict.PASSED
    assert 2 <= result.schedules <= 8


def test_every_strategy_ends():
    for settings in ({"strategy": "dfs"}, {"preemption_bound": 1}, {"strategy": "pos", "max_schedules": 20}):
        result = Sandbox(max_steps=500, **settings).explore(lambda: _spinning(_until))
        assert result.ok, (settings, result.reason)


def test_sleeping_for_no_time_is_yielding():
    def polls(flag):
        while not flag.get():
            time.sleep(0)

    assert Sandbox(max_steps=500).explore(lambda: _spinning(polls)).verdict is Verdict.PASSED


def test_two_loops_and_a_worker():
    """Two loops wait for the flag, a third thread writes twice in between: all fair schedules, and an end."""

    def model():
        flag, done = Shared(False), Shared(0)

        def polls():
            while not flag.get():
                yield_now()
            done.update(lambda value: value + 1)

        threads = [threading.Thread(target=polls) for _ in range(2)]
        for thread in threads:
            thread.start()
        flag.set(True)
        for thread in threads:
            thread.join()
        return done.get()

    result = Sandbox().explore(model)
    assert result.verdict is Verdict.PASSED
    assert set(result.outcomes) == {2}


def test_what_a_turn_can_see_is_all_seen():
    """The loop may see the flag at its first look, or later after one or two turns."""

    def model():
        flag, turns = Shared(0), []

        def polls():
            while flag.get() < 2:
                turns.append(1)
                yield_now()

        thread = threading.Thread(target=polls)
        thread.start()
        flag.set(1)
        flag.set(2)
        thread.join()
        return len(turns)

    assert {0, 1, 2} <= set(Sandbox().explore(model).outcomes)


def test_a_loop_that_nobody_ends_is_a_livelock():
    def model():
        flag = Shared(False)
        thread = threading.Thread(target=_until, args=(flag,))
        thread.start()
        thread.join()

    result = Sandbox(max_steps=100).explore(model)
    finding = result.findings[0]
    assert finding.kind is FindingKind.LIVELOCK
    assert "yield" in finding.message
    assert "read" in finding.message
    replayed = Sandbox(max_steps=100).replay(model, str(finding.schedule))
    assert replayed.findings[0].kind is FindingKind.LIVELOCK


def test_without_yield_the_message_says_what_to_do():
    def polls(flag):
        while not flag.get():
            pass

    lucky = Sandbox(max_steps=100, strategy="random", seed=1, max_schedules=30).explore(lambda: _spinning(polls))
    assert (lucky.verdict, lucky.schedules) == (Verdict.BOUNDED, 30), "at random the other thread has its turn in time"
    result = Sandbox(max_steps=100, stop_at_first=True).explore(lambda: _spinning(polls))
    assert result.findings[0].kind is FindingKind.LIVELOCK
    assert "yield_now()" in result.findings[0].message
