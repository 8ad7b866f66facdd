"""Repaired: the stack itself is asked whether it holds anything."""

import threading

EXHAUSTED = 6


def model() -> None:
    lock = threading.Lock()
    stack: list[int] = []

    def push() -> None:
        for item in range(2):
            with lock:
                stack.append(item)

    pusher = threading.Thread(target=push)
    pusher.start()
    for _turn in range(2):
        with lock:
            if stack:
                stack.pop()
    pusher.join()
