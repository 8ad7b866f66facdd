"""Repaired: every exchange counts up a version next to the top node."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 36


def model() -> None:
    top: Shared[tuple[str | None, int]] = Shared(("a", 0))
    below: dict[str, Shared[str | None]] = {"a": Shared("b"), "b": Shared(None)}

    def pop() -> str | None:
        while True:
            node, version = top.get()
            if node is None:
                return None
            if top.compare_exchange((node, version), (below[node].get(), version + 1)):
                return node

    def push(node: str) -> None:
        while True:
            seen, version = top.get()
            below[node].set(seen)
            if top.compare_exchange((seen, version), (node, version + 1)):
                return

    thread = threading.Thread(target=pop)
    thread.start()
    first, second = pop(), pop()
    if first is not None:
        push(first)
    thread.join()
    assert second is None or top.get()[0] != second, "a node that was taken is in the stack"
