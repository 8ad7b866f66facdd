"""One buffer appends another: it asks for the length, then for so many characters; in between the other is cut short.

The JDK 1.4 StringBuffer (Flanagan, Qadeer, PLDI 2003; ``stringbuffer-jdk1.4`` of SCTBench): methods are synchronized.
"""

import threading

KIND = "EXCEPTION"
WITHIN = 3


class Buffer:
    def __init__(self, text: str) -> None:
        self.monitor = threading.RLock()
        self.text = text

    def length(self) -> int:
        with self.monitor:
            return len(self.text)

    def first(self, count: int) -> str:
        with self.monitor:
            if count > len(self.text):
                raise IndexError(f"{count} characters of {len(self.text)}")
            return self.text[:count]

    def cut(self) -> None:
        with self.monitor:
            self.text = ""

    def append(self, other: "Buffer") -> None:
        with self.monitor:
            self.text += other.first(other.length())


def model() -> None:
    target, source = Buffer(""), Buffer("abc")
    cutter = threading.Thread(target=source.cut)
    cutter.start()
    target.append(source)
    cutter.join()
