"""Drives Chromium over the pipe of its DevTools protocol: opens a page, presses keys, clicks, asks.

``--remote-debugging-pipe`` has Chromium read commands from file descriptor 3 and write answers and events to 4: JSON,
each ended by a NUL. An answer comes when the command has been carried out, so nothing here waits for time to pass.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SECONDS = 120  # only a hang comes near it
_KEYS = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35, "Tab": 9}


class Tab:
    """A tab. Made by :func:`open_tab`.

    Attributes:
        complaints: what the browser had to say against the page: exceptions, refusals.
    """

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self._rest = b""
        self._loaded = 0
        self.complaints: list[str] = []

    def attach(self) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """The result of one command."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._commands, data) :]
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], _SECONDS)
            assert ready, "the browser does not answer"
            part = os.read(self._answers, 1 << 16)
            assert part, "the browser has ended"
            self._rest += part
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        match message.get("method"):
            case "Page.loadEventFired":
                self._loaded += 1
            case "Runtime.exceptionThrown" | "Log.entryAdded":
                self.complaints.append(json.dumps(message["params"]))
        return message

    def look(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        """Be a window of this size."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, address: str) -> None:
        """Go there; returns when all is loaded and the page's script has run."""
        before = self._loaded
        gone = self.call("Page.navigate", url=address)
        while "loaderId" in gone and self._loaded == before:  # none: it is another place on the page that is there
            self._next()

    def press(self, key: str) -> None:
        """Press a key and let go of it."""
        named = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
        self.call("Input.dispatchKeyEvent", type="rawKeyDown", **named)
        self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    def click(self, x: float, y: float) -> None:
        """Click there, in pixels of the window."""
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def value(self, expression: str) -> Any:
        """What an expression of JavaScript gives, or the promise that it gives."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")


@contextlib.contextmanager
def open_tab(browser: str, profile: Path) -> Iterator[Tab]:
    """A tab of a browser of its own, which is gone afterwards."""
    commands_out, commands_in = _pipe()
    answers_out, answers_in = _pipe()

    def place() -> None:  # in the browser's process, before it starts
        os.dup2(commands_out, 3)
        os.dup2(answers_in, 4)

    arguments = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--remote-debugging-pipe"]
    process = subprocess.Popen(
        [browser, *arguments], preexec_fn=place, pass_fds=(3, 4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(commands_out)
    os.close(answers_in)
    tab = Tab(commands_in, answers_out)
    try:
        tab.attach()
        yield tab
    finally:
        os.close(commands_in)  # the browser ends when it can be told nothing more
        os.close(answers_out)
        try:
            process.wait(_SECONDS)
        finally:
            process.kill()
            process.wait()


def _pipe() -> tuple[int, int]:
    """Both ends of a pipe, with numbers that do not stand where the browser wants its own."""
    ends = []
    for end in os.pipe():
        ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10))
        os.close(end)
    return ends[0], ends[1]
