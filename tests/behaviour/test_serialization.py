"""The steps of serialization.feature: two threads, each of which does one thing at a time."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest
from pytest_bdd import given, parsers, scenarios, then, when
from tests.behaviour.actor import Actor

import scopedenv
from scopedenv import ScopedEnv

scenarios("serialization.feature")

THREAD = r"the (?P<who>first|second) thread"


@pytest.fixture
def actors():
    with ExitStack() as stack:
        actors = {who: stack.enter_context(Actor(f"the {who} thread")) for who in ("first", "second")}
        yield actors
        for actor in actors.values():
            if actor.guard is not None:  # after a failed step
                actor.does(actor.guard.close)


@given(parsers.parse('{name} is "{value}" in the environment'))
def a_variable(monkeypatch, name, value):
    monkeypatch.setenv(name, value)


@given(parsers.re(rf'{THREAD} has opened a scope in which (?P<name>\w+) is "(?P<value>\w+)"$'))
def has_a_scope(actors, who, name, value):
    actors[who].guard = actors[who].does(lambda: ScopedEnv.apply({name: value}))


@when(parsers.re(rf'{THREAD} asks for a scope in which (?P<name>\w+) is "(?P<value>\w+)"$'))
def asks_for_a_scope(actors, who, name, value):
    actors[who].attempts(lambda: ScopedEnv.apply({name: value}))


@when(parsers.re(rf'{THREAD} asks for a scope in which (?P<name>\w+) is "(?P<value>\w+)", at once or never$'))
def asks_impatiently(actors, who, name, value):
    actors[who].attempts(lambda: ScopedEnv.apply({name: value}, timeout=0))


@when(parsers.re(rf"{THREAD} tries to close the scope of the (?P<whose>first|second) thread$"))
def tries_to_close(actors, who, whose):
    actors[who].attempts(actors[whose].guard.close)


@when(parsers.re(rf"{THREAD} closes its scope$"))
def closes(actors, who):
    actor = actors[who]
    guard, actor.guard = actor.guard, None
    actor.does(guard.close)


@then(parsers.re(rf"{THREAD} has its scope$"))
def has_its_turn(actors, who):
    actors[who].guard = actors[who].last.result()


@then(parsers.re(rf'{THREAD}( still)? sees (?P<name>\w+) as "(?P<value>\w+)"$'))
def sees(actors, who, name, value):
    assert actors[who].does(lambda: os.environ.get(name)) == value


@then(parsers.re(rf"{THREAD} is refused with a (?P<error>\w+) that names (?P<whose>the \w+ thread)$"))
def is_refused(actors, who, error, whose):
    with pytest.raises(getattr(scopedenv, error), match=f"thread '{whose}'"):
        actors[who].last.result()


@then(parsers.parse('{name} is "{value}" in the environment again'))
def is_as_before(name, value):
    assert os.environ.get(name) == value
