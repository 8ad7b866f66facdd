"""Chance: the same in every execution and in every order, each thread's own, and no less random for the program."""

from __future__ import annotations

import mmap
import os
import random
import secrets
import threading
import uuid
from random import gauss, getrandbits, randint
from random import random as captured
from random import seed as captured_seed
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Sandbox, Shared, Verdict, choose

from .checks import explored, passed

DRAWS = {
    "random": random.random,
    "captured": captured,
    "bits": lambda: getrandbits(100),
    "int": lambda: randint(1, 10**9),
    "gauss": lambda: gauss(0.0, 1.0),
    "shuffle": lambda: tuple(random.sample(range(50), 50)),
    "bytes": lambda: random.randbytes(8),
    "unseeded": lambda: random.Random().random(),
    "system": lambda: random.SystemRandom().random(),
    "urandom": lambda: os.urandom(8),
    "token": secrets.token_hex,
    "below": lambda: secrets.randbelow(10**9),
    "uuid1": lambda: uuid.uuid1().int,
    "uuid4": lambda: uuid.uuid4().int,
}
_CALLS = mmap.mmap(-1, 8)


@pytest.mark.parametrize("name", DRAWS)
def test_what_a_thread_draws_depends_on_the_thread_alone(name: str) -> None:
    """Two threads draw twice each around an operation, in all orders; what each draws is the same in all of them."""
    draw = DRAWS[name]

    def model() -> tuple[Any, ...]:
        cell, drawn = Shared(0), {}

        def work(me: str) -> None:
            first = draw()
            cell.update(lambda n: n + 1)
            drawn[me] = first, draw()

        thread = threading.Thread(target=work, args=("b",))
        thread.start()
        work("a")
        thread.join()
        return (*drawn["a"], *drawn["b"])

    result = explored(model)
    assert result.verdict is Verdict.PASSED, result.report()
    assert result.schedules > 1
    (drawn,) = result.outcomes
    assert len(set(drawn)) == 4, "a thread does not draw what it, or another, has drawn before"
    assert list(explored(model).outcomes) == [drawn] or name == "uuid1", "the next exploration has the same seed"


def test_a_seed_of_the_programs_own_is_obeyed_as_everywhere() -> None:
    random.seed(7)
    expected = random.random(), random.gauss(0, 1), random.getrandbits(9)
    generator = random.Random(7)
    assert generator.random() == expected[0]

    def model() -> Any:
        drawn = []
        for seed in (random.seed, captured_seed):
            seed(7)
            drawn.append((random.random(), random.gauss(0, 1), random.getrandbits(9)))
        state = random.getstate()
        once = captured()
        random.setstate(state)
        assert captured() == once
        assert random.Random(7).random() == expected[0]
        return tuple(drawn)

    passed(model, {(expected, expected)}, 1)


def test_another_seed_is_another_chance() -> None:
    def drawn(seed: int) -> Any:
        (outcome,) = explored(lambda: (os.urandom(4), random.random()), seed=seed).outcomes
        return outcome

    assert drawn(1) == drawn(1) != drawn(2)


def test_chance_outside_is_what_it_was() -> None:
    before = type(random._inst), random.Random.seed, os.urandom  # type: ignore[attr-defined]
    explored(lambda: random.random() and None)
    assert (type(random._inst), random.Random.seed, os.urandom) == before  # type: ignore[attr-defined]
    assert os.urandom(16) != os.urandom(16)


def test_a_schedule_that_cannot_be_followed_is_shown_as_a_diff() -> None:
    """The first execution writes x and then y, the second one y and then x."""
    _CALLS[:1] = b"\0"

    def model() -> None:
        choose(2)
        names = ["X", "Y"] if _CALLS[0] == 0 else ["Y", "X"]
        _CALLS[:1] = b"\1"
        os.environ["SAME"] = ""
        for name in names:
            os.environ[name] = ""
        choose(2)

    result = Sandbox().explore(model)
    (finding,) = result.findings
    assert finding.kind is FindingKind.NONDETERMINISM
    assert "     2  0  env set env:SAME" in finding.message
    assert "-    3  0  env set env:X" in finding.message
    assert "+    3  env set env:Y" in finding.message
