"""Abstract programs on the sandbox's own ``World``, without a process: the search and the semantics under test.

Every body becomes a generator that announces ``World`` operations and is sent their outcomes, exactly as a thread of
a real sandbox does through its pipe. Values of variables and of the environment, which are the sandbox process's
business, are kept here. All else (who is enabled, what changes, what an operation touches) is decided by ``run/``.

A queue is CPython's ``queue.Queue``: a lock and conditions over it, so its steps are not the oracle's and only outcomes
can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.oracle import machine
from tests.oracle import program as p
from tests.oracle.brute import Exploration, Mark, Outcome, Trace, canonical
from tests.oracle.simulated_operations import Body, Operations, Thread

from scopedenv.sandbox.run.execution import Ending, Execution
from scopedenv.sandbox.run.semantics import Op
from scopedenv.sandbox.run.world import PROCESS, Place, Step, ThreadInfo
from scopedenv.sandbox.schedule import Choice, Policy, is_preemption
from scopedenv.sandbox.wire import Kind, Type

NOWHERE = Place("<program>", 0, "?")


@dataclass
class Run:
    """One finished simulated execution."""

    execution: Execution
    steps: list[machine.Step]
    outcome: Outcome
    preemptions: int


class Simulation(Operations):
    """A program in a fresh world. `run` follows choices, then a policy, until nothing is enabled.

    Bodies named in `daemons` are daemon threads: the execution ends with the last of the others.
    """

    def __init__(self, program: p.Program, max_steps: int = 10_000, daemons: tuple[str, ...] = ()) -> None:
        super().__init__(program)
        self.daemons = daemons
        self.observed = program.observed()
        self.max_steps = max_steps
        self.threads: dict[str, Thread] = {}
        self.records: list[machine.Step] = []
        self.noted: list[tuple[int, str, p.Result]] = []
        self._define()
        self.begin("0", "main")

    def run(self, choices: Sequence[Choice] = (), expected: Sequence[Op] = (), policy: Policy | None = None) -> Run:
        current, preemptions = None, 0
        ending = Ending.DONE
        while not self.world.over() and (options := self.world.options()):
            position = len(self.world.steps)
            if position >= self.max_steps:
                ending = Ending.STEP_LIMIT
                break
            if position < len(choices):
                choice = choices[position]
                option = self.world.option_of(choice.thread)  # also of a thread that yields and waits its turn
                assert option is not None
                assert choice.alternative < option.alternatives
                assert position >= len(expected) or option.op == expected[position], "not deterministic"
            else:
                assert policy is not None
                choice = policy(current, options)
            preemptions += is_preemption(current, options, choice.thread)
            self._step(choice, options)
            current = choice.thread
        else:
            ending = Ending.DONE if self.world.over() else Ending.DEADLOCK
        assert len(self.world.steps) >= len(choices), "the plan is longer than the execution"
        return Run(self._execution(ending), self._steps(), self._outcome(), preemptions)

    # ---- objects and threads

    def _define(self) -> None:
        for name, spec in self.program.objects:
            match spec:
                case p.Lock() | p.RLock():
                    self.world.define_object(Type.LOCK, name, name, None)
                case p.Condition():
                    self.world.define_object(Type.CONDITION, name, name, ((), ()))
                case p.Event():
                    self.world.define_object(Type.EVENT, name, name, (spec.initial, (), ()))
                case p.Semaphore():
                    self.world.define_object(Type.SEMAPHORE, name, name, (spec.initial, spec.bound))
                case p.Queue():
                    self.world.define_object(Type.LOCK, f"{name}.mutex", name, None)
                    for condition in ("not_empty", "not_full"):
                        self.world.define_object(Type.CONDITION, f"{name}.{condition}", name, ((), ()))
                case p.Barrier():
                    assert spec.drains, "the barrier of the world drains"
                    self.world.define_object(Type.BARRIER, name, name, ("filling", 0, spec.parties))

    def begin(self, identity: str, name: str) -> None:
        thread = self.threads[identity] = Thread(identity, name)
        self.names[identity] = name
        self.world.threads[identity] = ThreadInfo(identity, name, name in self.daemons)
        thread.body = self._perform(thread)
        self.world.announce(identity, next(thread.body), NOWHERE)

    def _step(self, choice: Choice, options: Any) -> None:
        thread = self.threads[choice.thread]
        begin = len(self.world.steps)
        index = thread.index
        step = self.world.step(choice, options)
        self.records.append(self._record(step, thread, index))
        assert thread.body is not None
        if step.op.kind is Kind.EXIT:
            return
        try:
            self.world.announce(choice.thread, thread.body.send(step.outcome), NOWHERE)
        except StopIteration:
            raise AssertionError("a body ended without EXIT") from None
        assert len(self.world.steps) == begin + 1

    def _perform(self, thread: Thread) -> Body:
        for index, op in enumerate(self.program.body(thread.name)):
            thread.index = index
            if op.guard is not None:
                earlier = thread.results[op.guard[0]]
                if earlier == p.SKIPPED or bool(earlier) != op.guard[1]:
                    thread.results.append(p.SKIPPED)
                    continue
            before = len(self.world.steps)
            result = yield from self.perform(thread, op)
            thread.results.append(result)
            if len(self.world.steps) > before:
                self.noted.append((len(self.world.steps) - 1, thread.identity, result))
        thread.index = len(self.program.body(thread.name))
        yield Op(Kind.EXIT, f"thread:{thread.identity}")

    # ---- the record, in the oracle's words

    def _record(self, step: Step, thread: Thread, index: int) -> machine.Step:
        ops = self.program.body(thread.name)
        if step.op.kind is Kind.EXIT:
            name, target = "exit", thread.name
        else:
            name, target = _PHASES.get(step.op.kind, ops[index].kind), ops[index].target
            if step.op.obj != target and ops[index].kind in ("arrive", "timed_arrive"):
                name = "act"
        timed = (name, ops[index].kind if index < len(ops) else "") in _TIMED
        alternative = int(step.outcome == 0) if timed else step.alternative
        starts = step.op.obj.removeprefix("thread:") if step.op.kind is Kind.START else ""
        return machine.Step(thread.identity, index, name, target, alternative, None, (), starts)

    def _steps(self) -> list[machine.Step]:
        results = {position: result for position, _thread, result in self.noted}
        last = {(position, thread) for position, thread, _ in self.noted}
        found = []
        for position, (step, record) in enumerate(zip(self.world.steps, self.records, strict=True)):
            if record.name == "exit" and record.target not in self.observed:
                continue
            completes = (position, record.thread) in last
            accesses = tuple((self._body_name(n), mode) for n, mode in step.accesses if n != PROCESS)
            result = results[position] if completes else None
            if record.name == "compare_exchange" and not result:
                accesses = ((record.target, "R"),)  # as in the oracle; in the ``World`` a write all the same
            found.append(replace(record, result=result, accesses=accesses))
        return found

    def _body_name(self, name: str) -> str:
        return f"thread:{self.names[name[7:]]}" if name.startswith("thread:") else name

    def _value(self, name: str, spec: p.Spec) -> Any:
        match spec:
            case p.Variable():
                return self.variables[name]
            case p.Lock() | p.RLock():
                holder = self.world.states[name]
                return None if holder is None else (holder, self.depths[name])
            case p.Queue():
                return tuple(self.items[name])
            case p.Barrier():
                phase, inside, *_ = self.world.states[name]
                return (phase == "broken", inside)
            case p.Environ():
                return tuple(sorted(self.environ.items()))
            case _:
                return self.world.states[name][0]

    def _outcome(self) -> Outcome:
        return Outcome(
            tuple((identity, tuple(thread.results)) for identity, thread in sorted(self.threads.items())),
            tuple((name, self._value(name, spec)) for name, spec in self.program.objects),
            frozenset(self.world.pending),
        )

    def _execution(self, ending: Ending) -> Execution:
        world = self.world
        return Execution(
            steps=world.steps,
            ending=ending,
            threads=world.threads,
            pending=world.pending,
            holders=world.holders(),
            labels=world.labels,
            initial=world.initial,
        )


_PHASES = {
    Kind.CONDITION_WAIT: "wait",
    Kind.CONDITION_WAKE: "wake",
    Kind.CONDITION_REACQUIRE: "reacquire",
    Kind.EVENT_WAIT: "wait",
    Kind.EVENT_WAKE: "wake",
    Kind.BARRIER_PASS: "pass",
    Kind.BARRIER_OPEN: "open",
}
#: Steps of operations where an outcome of NO is the oracle's alternative 1.
_TIMED = {("wake", "timed_wait"), ("timed_acquire", "timed_acquire"), ("pass", "timed_arrive")}


# ---- the two dependence relations


def folded(program: p.Program, found: Exploration) -> dict[Trace, list[Trace]]:
    """The oracle's traces by the traces of the coarser relation of the ``World``.

    They differ at one place: in the oracle a timed condition waiter's wake writes, in the ``World`` it reads, because
    it only looks whether the notification came. So two wakes commute.
    """
    classes: dict[Trace, list[Trace]] = {}
    conditions = {name for name, spec in program.objects if isinstance(spec, p.Condition)}
    for trace in found.traces:
        classes.setdefault(canonical(_coarser(step, conditions) for step in _linear(trace)), []).append(trace)
    return classes


def _linear(trace: Trace) -> list[machine.Step]:
    marks: list[Mark] = [mark for _, marks in trace.threads for mark in marks]
    return [mark.step for mark in sorted(marks, key=lambda mark: sum(n for _, n in mark.clock))]


def _coarser(step: machine.Step, conditions: set[str]) -> machine.Step:
    if step.name == "wake" and step.target in conditions:
        return replace(step, accesses=((step.target, "R"),))
    return step
