"""ABA: a pop reads the top node and its successor; others take both and put the first back; the exchange succeeds.

Textbook (Treiber's stack, 1986; IBM System/370 Principles of Operation on compare-and-swap).
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 13


def model() -> None:
    top: Shared[str | None] = Shared("a")
    below: dict[str, Shared[str | None]] = {"a": Shared("b"), "b": Shared(None)}

    def pop() -> str | None:
        while (node := top.get()) is not None:
            if top.compare_exchange(node, below[node].get()):
                return node
        return None

    def push(node: str) -> None:
        while True:
            seen = top.get()
            below[node].set(seen)
            if top.compare_exchange(seen, node):
                return

    thread = threading.Thread(target=pop)
    thread.start()
    first, second = pop(), pop()
    if first is not None:
        push(first)
    thread.join()
    assert second is None or top.get() != second, "a node that was taken is in the stack"
