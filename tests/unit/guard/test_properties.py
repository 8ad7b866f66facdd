"""Whatever is opened, closed, dropped or overwritten in whatever order: it ends where it began."""

import os
import warnings

from hypothesis import given, settings
from hypothesis import strategies as st

from scopedenv import ScopedEnv, state
from scopedenv.summary import MAX_CHARACTERS, summarize

NAMES = ("A", "B", "C", "OLD")
text = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=5)
mappings = st.dictionaries(st.sampled_from(NAMES), st.none() | text, max_size=4)
bytes_mappings = st.dictionaries(
    st.sampled_from([name.encode() for name in NAMES]),
    st.none() | st.binary(max_size=5).map(lambda raw: raw.replace(b"\0", b"")),
    max_size=4,
)
actions = st.one_of(
    st.tuples(st.just("open"), mappings | bytes_mappings),
    st.tuples(st.just("close"), st.integers(0, 9)),
    st.tuples(st.just("reopen"), st.integers(0, 9)),
    st.tuples(st.just("drop"), st.integers(0, 9)),
)


class Expectation:
    """The plain model: layers of values, of which those closed beneath an open one stay until it goes."""

    def __init__(self):
        self.layers = []

    def open(self, guard, mapping):
        changes = {os.fsdecode(name): value for name, value in mapping.items()}
        self.layers.append([guard, changes, True])

    def close(self, guard):
        next(layer for layer in self.layers if layer[0] is guard and layer[2])[2] = False
        while self.layers and not self.layers[-1][2]:
            self.layers.pop()

    def now(self, base):
        found = dict(base)
        for _, changes, _ in self.layers:
            found.update(changes)
        return {name: None if value is None else os.fsencode(value) for name, value in found.items()}


def environment():
    return {name: os.environb.get(os.fsencode(name)) for name in NAMES}


@settings(deadline=None, max_examples=300)
@given(st.lists(actions, max_size=25))
def test_every_history_shows_the_newest_layer_and_ends_where_it_began(history):
    base = environment()
    opened, closed, expected = [], [], Expectation()
    for action, argument in history:
        if action == "open":
            guard = ScopedEnv.apply(argument)
            opened.append((guard, argument))
            expected.open(guard, argument)
        elif action == "reopen" and closed:
            guard, argument = closed.pop(argument % len(closed))
            opened.append((guard.__enter__(), argument))
            expected.open(guard, argument)
        elif action == "close" and opened:
            closed.append(opened.pop(argument % len(opened)))
            closed[-1][0].close()
            expected.close(closed[-1][0])
        elif action == "drop" and opened:
            guard, _ = opened.pop(argument % len(opened))
            expected.close(guard)
            expected.layers = [[None if g is guard else g, c, o] for g, c, o in expected.layers]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                del guard
        guard = None
        assert environment() == expected.now(base)
        assert state.thread_state().depth == len(expected.layers)
    while opened:
        opened.pop(0)[0].close()
    assert environment() == base
    assert state.thread_state().depth == 0


@given(st.dictionaries(st.text(min_size=1), st.none() | st.just("hunter2")))
def test_every_summary_is_bounded_and_one_line(mapping):
    text = summarize("applied", tuple(mapping.items()))
    assert len(text) <= MAX_CHARACTERS
    assert len(text.splitlines()) == 1
    assert "hunter2" not in text or any("hunter2" in name for name in mapping)
