"""Repaired: every group has a gate of its own."""

import threading

EXHAUSTED = 14


def model() -> None:
    resource = threading.Lock()
    gates = {"a": threading.Lock(), "b": threading.Lock()}
    members = {"a": 0, "b": 0}

    def use(group: str) -> None:
        with gates[group]:
            members[group] += 1
            if members[group] == 1:
                resource.acquire()
        with gates[group]:
            members[group] -= 1
            if members[group] == 0:
                resource.release()

    threads = [threading.Thread(target=use, args=(group,)) for group in "ab"]
    for thread in threads:
        thread.start()
    use("a")
    for thread in threads:
        thread.join()
