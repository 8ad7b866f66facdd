"""A runner: one controller at a time and one zygote. ``run(plan, policy) -> Execution`` is all that a search sees.

This is the thin shell that forks, reads and writes; every decision is the controller's.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from ..channels import Channels
from ..schedule import Policy
from ..wire import Decoder, Definitions, Grant, Order, ProtocolError, encode_grant
from .controller import Controller
from .execution import Ending, Execution, Plan
from .placement import Placement
from .watchdog import diagnose
from .zygote import Zygote, ZygoteLost

#: So much of what the model printed is kept for a report.
OUTPUT_LIMIT = 64 * 1024
_DIE = encode_grant(Grant(Order.DIE, 0, 0.0))


class Runner:
    """Runs executions of one model, one after the other. A context manager; use it from one thread.

    Args:
        zygote_main: see :class:`~.zygote.Zygote`.
        max_steps: the step limit of one execution.
        stall_seconds: how long a thread may go without announcing anything before the execution is cut.
        check_leaks: have each execution's end compared with its beginning.
    """

    def __init__(
        self,
        zygote_main: Callable[[Channels, Any], None],
        *,
        max_steps: int,
        stall_seconds: float,
        check_leaks: bool = False,
    ) -> None:
        self._main = zygote_main
        self._max_steps = max_steps
        self._stall = stall_seconds
        self._check_leaks = check_leaks
        self._number = 0
        self._watched: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        self._channels = Channels()
        self._placement = Placement()
        try:
            self._zygote = Zygote(self._main, self._channels)
        except BaseException:
            self._channels.close()
            raise
        try:
            self._zygote.wait_ready()
            self._poll = select.poll()
            self._control_fd = self._zygote.connection.fileno()
            self._poll.register(self._channels.announce_read, select.POLLIN)
            self._poll.register(self._control_fd, select.POLLIN)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        self._placement.restore()
        self._zygote.stop()
        self._channels.close()

    def watch(self, families: Iterable[str]) -> None:
        """From the next execution on, accesses to memory of these families are operations (see ``child/memory``)."""
        self._watched = tuple(sorted(families))
        self._zygote.watch(self._watched)

    def run(self, plan: Plan, policy: Policy) -> Execution:
        """Run the model once. Raises ZygoteLost, SandboxFault or ProtocolError, after which the runner is of no use."""
        execution, lease_open = self._run(plan, policy, leases=True)
        if execution.ending is Ending.CRASH and lease_open:
            # What it did under its lease died with it. Nobody else could step then, so the same schedule does it again.
            execution, _ = self._run(
                Plan(execution.choices, tuple(s.op for s in execution.steps)), policy, leases=False
            )
        execution.watched = self._watched
        if execution.ending is not Ending.DONE or execution.failures or execution.leaks or execution.races:
            execution.output = self._channels.take_output(OUTPUT_LIMIT)
        return execution

    def _run(self, plan: Plan, policy: Policy, *, leases: bool) -> tuple[Execution, bool]:
        self._number += 1
        self._channels.drop_output()
        self._zygote.fork(self._number, self._placement.next())
        controller = Controller(plan, policy, self._max_steps, check_leaks=self._check_leaks, leases=leases)
        execution = self._drive(controller)
        self._channels.end_execution(abnormal=execution.exit_status is not None)
        return execution, controller.lease_open

    def _drive(self, controller: Controller) -> Execution:
        decoder = Decoder()
        while True:
            while controller.quiet:
                decided = controller.decide()
                if decided is None:
                    self._tell(0, _DIE)
                    return controller.finish()
                slot, grant = decided
                self._tell(slot, encode_grant(grant))
            ended = self._receive(controller, decoder)
            if ended is not None:
                return ended

    def _tell(self, slot: int, grant: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # the process has just died; the control channel tells how
            os.write(self._channels.grant_fd(slot), grant)

    def _receive(self, controller: Controller, decoder: Decoder) -> Execution | None:
        """Wait for messages and hand them to the controller; the execution if it ended by itself."""
        ready = [fd for fd, _event in self._poll.poll(self._stall * 1000)]
        if self._channels.announce_read in ready:
            data = os.read(self._channels.announce_read, 1 << 16)
            for message in decoder.feed(data):
                controller.receive(message)
                if isinstance(message, Definitions) and message.threads:
                    self._channels.take_in_grants()
            if data:
                return None  # else nobody is left to write there: the control channel tells why
        if ready:
            number, status = self._zygote.exited()
            if number != self._number:
                return None
            self._rest(controller, decoder)
            return controller.finish(Ending.CRASH, exit_status=status, stuck=_stuck(controller))
        return self._cut(controller)

    def _rest(self, controller: Controller, decoder: Decoder) -> None:
        """The process is gone: take in what it wrote before it went."""
        poll = select.poll()
        poll.register(self._channels.announce_read, select.POLLIN)
        while poll.poll(0) and (data := os.read(self._channels.announce_read, 1 << 16)):
            with contextlib.suppress(ProtocolError):  # a message cut in the middle
                for message in decoder.feed(data):
                    controller.receive(message)

    def _cut(self, controller: Controller) -> Execution:
        """Nothing was announced in time: look at the process, then end it."""
        stuck = _stuck(controller)
        diagnosis = diagnose(self._channels.sandbox_pid())
        self._zygote.cut()
        until = time.monotonic() + 10 + self._stall
        while True:
            if not self._zygote.connection.poll(max(0.0, until - time.monotonic())):
                raise ZygoteLost("the zygote process does not answer")
            number, status = self._zygote.exited()
            if number == self._number:
                return controller.finish(Ending.HANG, exit_status=status, stuck=stuck, diagnosis=diagnosis)


def _stuck(controller: Controller) -> str | None:
    running = controller.running
    return running[-1] if running else None
