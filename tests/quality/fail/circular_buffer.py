"""The consumer counts its looks, not what it took, so a look at an empty buffer puts it out of step.

After ``circular_buffer_bad`` of SCTBench (CS family); ``queue_bad`` there has the same fault.
"""

import threading

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    lock = threading.Lock()
    buffer: list[int] = []

    def produce() -> None:
        for number in range(2):
            with lock:
                buffer.append(number)

    producer = threading.Thread(target=produce)
    producer.start()
    for look in range(2):
        with lock:
            if buffer:
                assert buffer.pop(0) == look
    producer.join()
