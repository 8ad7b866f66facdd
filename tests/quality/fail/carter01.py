"""Two groups share a resource, one group at a time; the gate that guards the counts is held while waiting for it.

After ``carter01_bad`` of SCTBench (CS family): the group that has the resource needs the gate to give it back.
"""

import threading

KIND = "DEADLOCK"
WITHIN = 3


def model() -> None:
    resource = threading.Lock()
    gate = threading.Lock()
    members = {"a": 0, "b": 0}

    def use(group: str) -> None:
        with gate:
            members[group] += 1
            if members[group] == 1:
                resource.acquire()
        with gate:
            members[group] -= 1
            if members[group] == 0:
                resource.release()

    threads = [threading.Thread(target=use, args=(group,)) for group in "ab"]
    for thread in threads:
        thread.start()
    use("a")
    for thread in threads:
        thread.join()
