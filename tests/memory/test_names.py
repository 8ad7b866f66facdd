"""Names of objects do not depend on the order of steps that are independent of each other."""

from __future__ import annotations

import threading
from collections.abc import Callable

from scopedenv.sandbox import Sandbox, Verdict


class Box:
    def __init__(self, value: int) -> None:
        self.value = value


def reader(value: int) -> Callable[[], int]:
    """A closure over an argument that nobody assigns, but which has the name of an attribute that somebody does."""
    return lambda: value


def test_who_reads_a_closure_variable_first_shifts_no_names() -> None:
    """The first thread takes the common lock and then reads the closure variable; the second one reads it, makes a
    box, shows it, changes it, and then takes that lock, too. So the second one's box is made after the first one's
    read, or before it; the box must have the same name in both. The model's thread looks at what is shown: the box that
    was there at first, or the second one's before (1) or after (2) its change.
    """

    def model() -> int:
        read = reader(1)
        lock = threading.Lock()
        mine = threading.Lock()
        shown = [Box(0)]

        def first() -> None:
            with lock:
                read()

        def second() -> None:
            with mine:
                box = Box(read())
            shown[0] = box
            box.value += 1
            with lock:
                pass

        threads = [threading.Thread(target=each) for each in (first, second)]
        for thread in threads:
            thread.start()
        seen = shown[0].value
        for thread in threads:
            thread.join()
        return seen

    result = Sandbox(stop_at_first=False).explore(model)
    assert result.verdict is Verdict.PASSED, result.report()
    assert set(result.outcomes) == {0, 1, 2}, result.report()
