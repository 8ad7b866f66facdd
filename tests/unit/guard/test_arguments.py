"""Bad names, values, mappings and timeouts: a clear error when the guard is made, and nothing changed."""

import enum
import math
import os
import threading
from types import MappingProxyType

import pytest

from scopedenv import ScopedEnv

BAD_VARIABLES = [
    pytest.param({"": "1"}, ValueError, "must not be empty", id="empty name"),
    pytest.param({"A=B": "1"}, ValueError, "must not contain '=': 'A=B'", id="equals sign"),
    pytest.param({"=": None}, ValueError, "must not contain '='", id="equals sign, unset"),
    pytest.param({"A\0B": "1"}, ValueError, "name must not contain NUL", id="NUL in name"),
    pytest.param({"A\ud800": "1"}, ValueError, r"'A\\ud800' cannot be encoded", id="lone surrogate in name"),
    pytest.param({"A": "1\0"}, ValueError, "value must not contain NUL: the value of 'A'", id="NUL in value"),
    pytest.param({"A": "\ud800"}, ValueError, "the value of 'A' cannot be encoded", id="surrogate in value"),
    pytest.param({"A": 1}, TypeError, "the value of 'A' is int", id="int value"),
    pytest.param({"A": True}, TypeError, "the value of 'A' is bool", id="bool value"),
    pytest.param({1: "1"}, TypeError, "name must be .*: 1 is int", id="int name"),
    pytest.param({None: "1"}, TypeError, "name must be .*: None is NoneType", id="None as name"),
    pytest.param({b"": b"1"}, ValueError, "must not be empty", id="empty bytes name"),
    pytest.param({b"A=": b"1"}, ValueError, "must not contain '='", id="bytes, equals sign"),
    pytest.param({b"A\0": b"1"}, ValueError, "name must not contain NUL", id="NUL in bytes name"),
    pytest.param({b"A": b"\0"}, ValueError, "value must not contain NUL", id="NUL in bytes value"),
    pytest.param({"A": b"1"}, TypeError, "must be str as its name is", id="bytes value of str name"),
    pytest.param({b"A": "1"}, TypeError, "must be bytes as its name is", id="str value of bytes name"),
    pytest.param({"A": "1", b"A": b"1"}, ValueError, "'A' and b'A' name the same variable", id="twins"),
    pytest.param({b"\xff": None, "\udcff": None}, ValueError, "name the same variable", id="escaped twins"),
    pytest.param([("A", "1")], TypeError, "mapping .* not list", id="list of pairs"),
    pytest.param("A", TypeError, "mapping .* not str", id="str"),
    pytest.param(None, TypeError, "mapping .* not NoneType", id="None"),
]


@pytest.mark.parametrize(("variables", "kind", "message"), BAD_VARIABLES)
@pytest.mark.parametrize("make", [ScopedEnv, ScopedEnv.apply])
def test_bad_variables(make, variables, kind, message, is_free):
    before = dict(os.environ)
    with pytest.raises(kind, match=message):
        make(variables)
    assert dict(os.environ) == before
    assert is_free()


def test_a_bad_second_variable_leaves_the_first_alone():
    with pytest.raises(TypeError):
        ScopedEnv.apply({"A": "1", "B": 2})
    assert "A" not in os.environ


def test_no_value_is_shown():
    for variables in ({"A": "hunter2\0"}, {"A": "hunter2\ud800"}, {"A": b"hunter2"}, {"A": ["hunter2"]}):
        with pytest.raises((TypeError, ValueError)) as caught:
            ScopedEnv(variables)
        assert "hunter2" not in str(caught.value)


class Colour(enum.StrEnum):
    NAME = "A"
    RED = "red"


class Loud(str):
    def __str__(self):
        return "loud"


@pytest.mark.parametrize("variables", [{Colour.NAME: Colour.RED}, {Loud("A"): Loud("red")}])
def test_subclasses_of_str_stand_for_their_content(variables):
    with ScopedEnv(variables):
        assert os.environ["A"] == "red"


def test_any_mapping_will_do():
    with ScopedEnv(MappingProxyType({"A": "1"})):
        assert os.environ["A"] == "1"


@pytest.mark.parametrize(
    ("timeout", "kind"),
    [
        (-1, ValueError),
        (-0.001, ValueError),
        (math.nan, ValueError),
        (math.inf, ValueError),
        (threading.TIMEOUT_MAX * 2, ValueError),
        ("1", TypeError),
        (True, TypeError),
    ],
)
def test_bad_timeouts(timeout, kind):
    with pytest.raises(kind, match="timeout must be"):
        ScopedEnv({"A": "1"}, timeout=timeout)


@pytest.mark.parametrize("timeout", [None, 0, 0.5, 1, threading.TIMEOUT_MAX])
def test_good_timeouts_change_nothing_when_the_lock_is_free(timeout):
    with ScopedEnv({"A": "1"}, timeout=timeout):
        assert os.environ["A"] == "1"


def test_timeout_is_keyword_only():
    with pytest.raises(TypeError):
        ScopedEnv({"A": "1"}, 1)
