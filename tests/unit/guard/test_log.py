"""The log: one record on apply, one on restore, names only, at most 512 characters."""

import logging

import pytest

from scopedenv import ScopedEnv
from scopedenv.summary import MAX_CHARACTERS, summarize


@pytest.fixture
def messages(caplog):
    caplog.set_level(logging.DEBUG, "scopedenv")
    return lambda: [(record.name, record.levelname, record.message) for record in caplog.records]


def test_one_record_each_way(messages):
    with ScopedEnv({"A": "secret", "OLD": None}):
        assert messages() == [("scopedenv", "DEBUG", "applied A=set, OLD=unset")]
    assert messages()[1:] == [("scopedenv", "DEBUG", "restored A=unset, OLD=set")]


def test_restoring_out_of_order_logs_when_it_happens(messages):
    outer, inner = ScopedEnv.apply({"A": "1"}), ScopedEnv.apply({"B": "1"})
    outer.close()
    assert len(messages()) == 2
    inner.close()
    assert [text for *_, text in messages()[2:]] == ["restored B=unset", "restored A=unset"]


def test_a_failed_apply_logs_nothing(messages, monkeypatch):
    def refuse(*_):
        raise OSError("refused")

    with monkeypatch.context() as patch:
        patch.setattr("os.putenv", refuse)
        with pytest.raises(OSError, match="refused"):
            ScopedEnv.apply({"A": "1"})
    assert messages() == []


def test_nothing_is_logged_above_debug(caplog):
    caplog.set_level(logging.INFO, "scopedenv")
    with ScopedEnv({"A": "1"}):
        pass
    assert not caplog.records


def test_values_never_appear(messages):
    with ScopedEnv({"A": "hunter2", b"B": b"hunter2"}), ScopedEnv({"A": "hunter3"}):
        pass
    assert "hunter" not in repr(messages())


def test_many_variables_are_counted(messages):
    with ScopedEnv({f"VARIABLE_{i:03}": "x" for i in range(100)}):
        pass
    for *_, text in messages():
        assert 480 < len(text) <= MAX_CHARACTERS
        shown, _, rest = text.partition(" … + ")
        assert shown.count("=") + int(rest.removesuffix(" more")) == 100


@pytest.mark.parametrize("count", range(40, 60))
@pytest.mark.parametrize("width", [1, 5, 8])
def test_every_text_is_bounded_and_whole_where_it_fits(count, width):
    changes = tuple((f"{i:0{width}}", "x") for i in range(count))
    whole = "applied " + ", ".join(f"{name}=set" for name, _ in changes)
    text = summarize("applied", changes)
    assert len(text) <= MAX_CHARACTERS
    assert (text == whole) is (len(whole) <= MAX_CHARACTERS)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ((), "applied nothing"),
        ((("X" * 600, "1"),), "applied … + 1 more"),
        ((("A", "1"), ("X" * 600, "1")), "applied A=set … + 1 more"),
        ((("X" * (MAX_CHARACTERS - len("applied =set")), "1"),), f"applied {'X' * 500}=set"),
        ((("A\nforged line", "1"),), "applied A\\nforged line=set"),
        (((b"A\xff", None),), "applied A\\udcff=unset"),
        ((("Ä", "1"),), "applied Ä=set"),
    ],
)
def test_odd_names(changes, text):
    assert summarize("applied", changes) == text
