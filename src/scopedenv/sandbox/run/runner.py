"""A runner: one controller at a time and one zygote. ``run(plan, policy) -> Execution`` is all that a search sees.

This is the thin shell that forks, reads and writes; every decision is the controller's.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from ..channels import Channels
from ..schedule import Choice, Policy
from ..wire import Decoder, Definitions, Grant, Order, ProtocolError, encode_grant
from .blocked import blocked_call, dumped_stacks, stacks_of
from .controller import Controller
from .execution import Ending, Execution, Plan
from .limits import MOST_OUTPUT, Excess, Limits
from .placement import Placement
from .watchdog import LOOK_SECONDS, State, Watchdog
from .zygote import Zygote, ZygoteLost

#: So much of what the model printed is kept for a report.
OUTPUT_LIMIT = 64 * 1024
#: So long a plan waits for a thread that is blocked outside, while others could go on.
PATIENCE_SECONDS = 1.0
#: So often limits are looked at while messages come.
_CHECK_SECONDS = 0.25
_DIE = encode_grant(Grant(Order.DIE, 0, 0.0))


class Runner:
    """Runs executions of one model, one after the other. A context manager; use it from one thread.

    Args:
        zygote_main: see :class:`~.zygote.Zygote`.
        max_steps: the step limit of one execution.
        stall_seconds: how long a thread may go without announcing anything before the execution is cut.
        max_seconds: how long a thread may compute at most, where that is less than it would get.
        check_leaks: have each execution's end compared with its beginning.
        patient: wait for whatever the process does, for as long as it takes: somebody looks at it with a debugger.
    """

    def __init__(
        self,
        zygote_main: Callable[[Channels, Any], None],
        *,
        max_steps: int,
        stall_seconds: float,
        max_seconds: float | None = None,
        check_leaks: bool = False,
        patient: bool = False,
    ) -> None:
        self._look_after = None if patient else LOOK_SECONDS * 1000
        self._main = zygote_main
        self._max_steps = max_steps
        self._stall = stall_seconds
        self._most = max_seconds
        self._check_leaks = check_leaks
        self._number = 0
        self._watched: tuple[str, ...] = ()
        self._leases = True
        self._wants_stacks = False

    def __enter__(self) -> Self:
        self._channels = Channels()
        self._placement = Placement()
        self._limits = Limits()
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

    @property
    def missed(self) -> tuple[str, ...]:
        """Locks of the program that could not be put under control, in words."""
        return self._zygote.missed

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        try:
            self._placement.restore()
            self._zygote.stop()
        finally:
            self._channels.close()

    def watch(self, families: Iterable[str]) -> None:
        """From the next execution on, accesses to memory of these families are operations (see ``child/memory``)."""
        self._watched = tuple(sorted(families))
        self._zygote.watch(self._watched)

    def run(self, plan: Plan, policy: Policy, *, stacks: bool = False) -> Execution:
        """Run the model once; with `stacks`, have the stacks of a deadlock's threads.

        Raises ZygoteLost, SandboxFault or ProtocolError, after which the runner is of no use.
        """
        self._wants_stacks = stacks
        execution, drawn = self._run(plan, policy, leases=self._leases)
        if execution.uncontrolled and self._leases:
            # A lease that was open when a thread blocked is told of too late, after the steps of others.
            self._leases = False
            execution, drawn = self._run(plan, policy, leases=False)
        if execution.ending in (Ending.CRASH, Ending.HANG) and drawn is not None:
            # What it did under its lease died with it. The same schedule does it again: nobody else could step then, or
            # the plan goes on with it, or the policy. One that draws would draw something else, so that is planned.
            if len(execution.steps) >= len(plan.choices):
                ahead = [Choice(execution.steps[-1].thread)] * drawn
                plan = Plan((*execution.choices, *ahead), tuple(step.op for step in execution.steps))
            execution, _ = self._run(plan, policy, leases=False)
        execution.watched = self._watched
        if execution.ending is not Ending.DONE or execution.failures or execution.leaks or execution.races:
            output = self._channels.take_output(OUTPUT_LIMIT)
            execution.output, dumped = dumped_stacks(output, self._channels, self._slots)
            execution.stacks = execution.stacks or dumped
        return execution

    def _run(self, plan: Plan, policy: Policy, *, leases: bool) -> tuple[Execution, int | None]:
        self._number += 1
        self._channels.drop_output()
        self._channels.note_sandbox_pid(0)  # until the new one is there, there is none to look at
        self._zygote.fork(self._number, self._placement.next())
        controller = Controller(plan, policy, self._max_steps, check_leaks=self._check_leaks, leases=leases)
        self._watchdog = Watchdog(self._stall, self._most)
        self._checked = time.monotonic()
        execution = self._drive(controller)
        self._slots = controller.slots
        aside = controller.outside and execution.exit_status is None
        if aside:  # a thread that does not read its grants would not obey an order to end
            self._zygote.kill()
            self._await_exit()
        self._channels.end_execution(abnormal=aside or execution.exit_status is not None)
        return execution, controller.drawn

    def _drive(self, controller: Controller) -> Execution:
        decoder = Decoder()
        while True:
            while controller.quiet:
                decided = controller.decide()
                if decided is None:
                    if controller.ending is None:
                        break
                    stacks = {}
                    if self._wants_stacks and controller.ending is Ending.DEADLOCK:
                        stacks = stacks_of(self._channels, controller.slots)
                    if not controller.outside:
                        self._tell(0, _DIE)
                    return controller.finish(stacks=stacks)
                slot, grant = decided
                self._tell(slot, encode_grant(grant))
            for slot, grant in controller.answers():
                self._tell(slot, encode_grant(grant))
            ended = self._receive(controller, decoder)
            if ended is not None:
                return ended

    def _tell(self, slot: int, grant: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # the process has just died; the control channel tells how
            os.write(self._channels.grant_fd(slot), grant)

    def _receive(self, controller: Controller, decoder: Decoder) -> Execution | None:
        """Wait for messages and hand them to the controller; the execution if it ended by itself."""
        ready = [fd for fd, _event in self._poll.poll(self._look_after)]
        if self._look_after is not None and (not ready or time.monotonic() - self._checked >= _CHECK_SECONDS):
            taken = self._taken()
            if taken is not None:
                return self._cut(controller, Ending.CRASH, taken.words, at_once=taken.growing)
        if not ready:
            return self._look(controller)
        self._watchdog.heard()
        if self._channels.announce_read in ready:
            data = os.read(self._channels.announce_read, 1 << 16)
            for message in decoder.feed(data):
                controller.receive(message)
                if isinstance(message, Definitions) and message.threads:
                    self._channels.take_in_grants()
            if data:
                return None  # else nobody is left to write there: the control channel tells why
        number, status = self._zygote.exited()
        if number != self._number:
            return None
        self._rest(controller, decoder)
        return controller.finish(Ending.CRASH, exit_status=status, stuck=_stuck(controller))

    def _look(self, controller: Controller) -> Execution | None:
        """Nothing was announced for a moment: is a thread blocked where nobody controls it?"""
        dog = self._watchdog
        if dog.look(self._channels.sandbox_pid()) is State.BLOCKED:
            for slot, grant in controller.set_aside(lambda slot: self._describe(controller, slot)):
                self._tell(slot, encode_grant(grant))
            if dog.silence >= min(PATIENCE_SECONDS, self._stall):
                controller.stop_waiting()
        if dog.stalled and not controller.quiet:
            return self._cut(controller, Ending.HANG, f"it {dog.state.value}")
        return None

    def _taken(self) -> Excess | None:
        """What the process takes too much of."""
        self._checked = time.monotonic()
        self._channels.trim_output(MOST_OUTPUT, OUTPUT_LIMIT)
        return self._limits.exceeded(self._channels.sandbox_pid())

    def _describe(self, controller: Controller, slot: int) -> str:
        return f"{controller.name_of(slot)} at {blocked_call(self._channels, slot)}"

    def _rest(self, controller: Controller, decoder: Decoder) -> None:
        """The process is gone: take in what it wrote before it went."""
        poll = select.poll()
        poll.register(self._channels.announce_read, select.POLLIN)
        while poll.poll(0) and (data := os.read(self._channels.announce_read, 1 << 16)):
            with contextlib.suppress(ProtocolError):  # a message cut in the middle
                for message in decoder.feed(data):
                    controller.receive(message)

    def _cut(self, controller: Controller, ending: Ending, diagnosis: str, *, at_once: bool = False) -> Execution:
        """End the process, with its stacks; `at_once`: with all that it started, and without."""
        stuck = _stuck(controller)
        if at_once:
            with contextlib.suppress(OSError):
                os.killpg(self._channels.sandbox_pid(), signal.SIGKILL)
        else:
            self._zygote.cut()
        status = self._await_exit()
        return controller.finish(ending, exit_status=status, stuck=stuck, diagnosis=diagnosis)

    def _await_exit(self) -> int:
        """Wait for the end of the present sandbox process; its status."""
        until = time.monotonic() + 10 + self._stall
        while True:
            if not self._zygote.connection.poll(max(0.0, until - time.monotonic())):
                raise ZygoteLost("the zygote process does not answer")
            number, status = self._zygote.exited()
            if number == self._number:
                return status


def _stuck(controller: Controller) -> str | None:
    running = controller.running
    return running[-1] if running else None
