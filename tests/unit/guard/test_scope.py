"""One thread, one or several scopes: what is set, what is put back, in which order."""

import copy
import itertools
import os
import pickle
import subprocess

import pytest

from scopedenv import ScopedEnv, ScopedEnvStateError


def get(*names):
    return tuple(os.environ.get(name) for name in names)


def test_block_sets_unsets_and_restores():
    with ScopedEnv({"A": "1", "OLD": None, "B": None}) as guard:
        assert get("A", "OLD", "B") == ("1", None, None)
        assert isinstance(guard, ScopedEnv)
    assert get("A", "OLD", "B") == (None, "old", None)


def test_the_operating_system_sees_it():
    with ScopedEnv({"A": "from the guard"}):
        assert subprocess.check_output(["printenv", "A"]) == b"from the guard\n"


def test_apply_is_active_until_close():
    guard = ScopedEnv.apply({"A": "1"})
    assert get("A") == ("1",)
    guard.close()
    assert get("A") == (None,)


def test_an_exception_in_the_body_restores_and_goes_on():
    with pytest.raises(ZeroDivisionError), ScopedEnv({"A": "1"}):
        raise ZeroDivisionError
    assert get("A") == (None,)


@pytest.mark.parametrize("change", [None, "by the body"])
def test_changes_by_the_body_do_not_outlive_the_scope(change):
    with ScopedEnv({"A": "1", "OLD": "new"}):
        for name in ("A", "OLD"):
            if change is None:
                del os.environ[name]
            else:
                os.environ[name] = change
    assert get("A", "OLD") == (None, "old")


def test_an_unset_variable_that_the_body_sets_is_unset_again():
    with ScopedEnv({"A": None}):
        os.environ["A"] = "1"
    assert get("A") == (None,)


def test_an_empty_mapping_changes_nothing_but_holds_the_lock(is_free):
    with ScopedEnv({}):
        assert not is_free()


def test_the_mapping_is_copied():
    mapping = {"A": "1"}
    guard = ScopedEnv(mapping)
    mapping["A"] = "2"
    mapping["B"] = "2"
    with guard:
        assert get("A", "B") == ("1", None)


def test_nested_scopes_of_the_same_variable():
    with ScopedEnv({"A": "1"}):
        with ScopedEnv({"A": None}):
            with ScopedEnv({"A": "3"}):
                assert get("A") == ("3",)
            assert get("A") == (None,)
        assert get("A") == ("1",)


def test_the_lock_is_held_until_the_last_scope_ends(is_free):
    outer, inner = ScopedEnv.apply({"A": "1"}), ScopedEnv.apply({"A": "2"})
    outer.close()
    assert not is_free()
    inner.close()
    assert is_free()


def test_a_scope_closed_before_an_inner_one_leaves_it_its_values():
    outer, inner = ScopedEnv.apply({"A": "outer", "B": "outer"}), ScopedEnv.apply({"A": "inner"})
    outer.close()
    assert get("A", "B") == ("inner", "outer")
    inner.close()
    assert get("A", "B") == (None, None)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_every_order_of_closing_ends_where_it_began(order):
    guards = [ScopedEnv.apply({"A": str(i), "OLD": str(i) if i % 2 else None}) for i in range(4)]
    for position, index in enumerate(order):
        top = max(order[position:])
        assert get("A") == (str(top),)  # the newest open scope decides
        guards[index].close()
    assert get("A", "OLD") == (None, "old")


def test_a_guard_may_be_used_again_after_it_was_closed():
    guard = ScopedEnv({"A": "1"})
    for _ in range(3):
        with guard:
            assert get("A") == ("1",)
        assert get("A") == (None,)


def test_a_guard_closed_beneath_an_inner_scope_may_be_used_again_at_once():
    guard = ScopedEnv({"A": "1"})
    with guard:
        inner = ScopedEnv.apply({"A": "2"})
    with guard:
        assert get("A") == ("1",)
    assert get("A") == ("2",)
    inner.close()


def test_entering_an_open_guard_is_an_error_and_changes_nothing():
    with ScopedEnv({"A": "1"}) as guard:
        os.environ["A"] = "body"
        with pytest.raises(ScopedEnvStateError, match=r"still open \(opened at .*test_scope.py:\d+\)"):
            guard.__enter__()
        assert get("A") == ("body",)


@pytest.mark.parametrize(
    "attempt",
    [copy.copy, copy.deepcopy, pickle.dumps, *(lambda g, p=p: pickle.dumps(g, p) for p in range(6))],
)
@pytest.mark.parametrize("is_open", [False, True])
def test_guards_cannot_be_copied_or_pickled(attempt, is_open):
    guard = ScopedEnv({"A": "1"})
    if is_open:
        guard.__enter__()
    with pytest.raises(TypeError, match="cannot be copied or pickled"):
        attempt(guard)
    if is_open:
        guard.close()


def test_repr_shows_names_and_state_never_values():
    guard = ScopedEnv({"A": "secret", "B": None})
    assert repr(guard) == "<ScopedEnv A=set, B=unset; closed>"
    with guard:
        assert repr(guard) == "<ScopedEnv A=set, B=unset; open>"
    assert repr(guard) == "<ScopedEnv A=set, B=unset; closed>"


@pytest.mark.skipif(not os.supports_bytes_environ, reason="this platform has no os.environb")
class TestBytes:
    def test_bytes_names_and_values(self):
        with ScopedEnv({b"A": b"1", b"OLD": None}):
            assert (os.environb.get(b"A"), os.environb.get(b"OLD")) == (b"1", None)
        assert get("A", "OLD") == (None, "old")

    @pytest.mark.parametrize("raw", [b"\xff\xfe", b"\x80", "ä".encode(), "ä".encode("latin-1"), b""])
    def test_bytes_that_are_no_text_survive(self, raw):
        with ScopedEnv({b"A": raw}):
            with ScopedEnv({"A": "x"}):
                pass
            assert os.environb[b"A"] == raw
            with ScopedEnv({"B": os.environ["A"]}):  # surrogateescape
                assert os.environb[b"B"] == raw

    def test_both_kinds_in_one_mapping(self):
        with ScopedEnv({b"A": b"1", "B": "2"}):
            assert get("A", "B") == ("1", "2")

    def test_a_name_that_is_no_text(self):
        with ScopedEnv({b"A\xff": b"1"}) as guard:
            assert os.environ["A\udcff"] == "1"
            assert repr(guard) == "<ScopedEnv A\\udcff=set; open>"
        assert b"A\xff" not in os.environb
