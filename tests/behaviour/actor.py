"""A thread that does one thing after another on request, for steps that say who does what."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import FrameType, TracebackType
from typing import Any


class Actor:
    """A real thread with its own scopes. Every deed ends before the next one begins; ``with`` joins the thread."""

    def __init__(self, name: str) -> None:
        self.guard: Any = None
        self.last: Future[Any] | None = None
        self._deeds: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name)

    def __enter__(self) -> Actor:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deeds.put(None)
        self._thread.join()

    def does(self, deed: Callable[[], Any]) -> Any:
        """Have `deed` done; return or raise what it does."""
        future, _ = self._begin(deed)
        return future.result()

    def attempts(self, deed: Callable[[], Any]) -> None:
        """Have `deed` begun, and come back when it is about to wait for a lock or has ended; `last` is its result."""
        self.last, about_to_wait = self._begin(deed)
        about_to_wait.wait()

    def _begin(self, deed: Callable[[], Any]) -> tuple[Future[Any], threading.Event]:
        future: Future[Any] = Future()
        about_to_wait = threading.Event()

        def watch(frame: FrameType, event: str, argument: Any) -> None:
            """A profile function: CPython calls it for each call of a C function, such as a lock's `acquire`."""
            if event == "c_call" and argument.__name__ == "acquire" and "scopedenv" in frame.f_code.co_filename:
                about_to_wait.set()

        def carry_out() -> None:
            sys.setprofile(watch)
            try:
                result = deed()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)
            finally:
                sys.setprofile(None)
                about_to_wait.set()

        self._deeds.put(carry_out)
        return future, about_to_wait

    def _run(self) -> None:
        while (deed := self._deeds.get()) is not None:
            deed()
