"""The steps of restoration.feature: one thread, and the whole environment compared."""

from __future__ import annotations

import os

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from scopedenv import ScopedEnv

scenarios("restoration.feature")


def variables(datatable):
    return {name: None if value == "not set" else value for name, value in datatable}


@pytest.fixture
def caught():
    """The errors that reached the caller."""
    return []


@given("an environment with")
def an_environment(monkeypatch, before, datatable):
    for name, value in variables(datatable).items():
        if value is not None:
            monkeypatch.setenv(name, value)
            before[name] = value


@when("a scope is opened with")
def open_scope(open_scopes, datatable):
    open_scopes.append(ScopedEnv.apply(variables(datatable)))


@when(parsers.re(r"the (?P<which>outer |inner |)scope is closed$"))
def close_scope(open_scopes, which):
    open_scopes.pop(0 if which == "outer " else -1).close()


@when("an error is raised in a scope with")
def raise_in_scope(caught, datatable):
    try:
        with ScopedEnv(variables(datatable)):
            raise LookupError("raised in the scope")
    except LookupError as error:
        caught.append(error)


@when(parsers.parse('a scope is asked for with {first} "{value}" and a number as {second}'))
def ask_for_a_number(open_scopes, caught, first, value, second):
    try:
        open_scopes.append(ScopedEnv.apply({first: value, second: 5432}))
    except TypeError as error:
        caught.append(error)


@then("the environment has")
def environment_has(datatable):
    expected = variables(datatable)
    assert {name: os.environ.get(name) for name in expected} == expected


@then("the environment is as it was")
def environment_is_as_it_was(before):
    found = dict(os.environ)
    for variables_of_pytest in (found, before):
        variables_of_pytest.pop("PYTEST_CURRENT_TEST", None)
    assert found == before


@then("that error reaches the caller")
def error_reaches_the_caller(caught):
    assert [str(error) for error in caught] == ["raised in the scope"]


@then(parsers.parse("a TypeError names {name}"))
def type_error_names(caught, name):
    assert [type(error) for error in caught] == [TypeError]
    assert repr(name) in str(caught[0])
