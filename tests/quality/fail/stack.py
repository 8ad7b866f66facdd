"""A flag says that the stack was filled; it is not unset when the stack runs empty.

After ``stack_bad`` of SCTBench (CS family): the second pop meets an empty stack.
"""

import threading

KIND = "EXCEPTION"
WITHIN = 7


def model() -> None:
    lock = threading.Lock()
    stack: list[int] = []
    filled = [False]

    def push() -> None:
        for item in range(2):
            with lock:
                stack.append(item)
                filled[0] = True

    pusher = threading.Thread(target=push)
    pusher.start()
    for _turn in range(2):
        with lock:
            if filled[0]:
                stack.pop()
    pusher.join()
