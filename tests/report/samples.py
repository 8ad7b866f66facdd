"""Findings written by hand: a lost update, a deadlock, a program full of markup, an execution without end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scopedenv.sandbox import (
    Exploration,
    Finding,
    FindingKind,
    Race,
    RaceAccess,
    Schedule,
    Statistics,
    StepView,
    Verdict,
)
from scopedenv.sandbox.result import Link, Passing, Waiting

STATISTICS = Statistics(executions=2, traces=2, redundant=0, blocked=0, steps=13, messages=20, seconds=0.5, longest=8)
MAIN, LEFT, RIGHT = ("0", "MainThread"), ("0.1", "left"), ("0.2", "right")
#: Markup that would do something if it were not text, and characters that would hide or turn what follows.
EVIL = "</script></style></title><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
STACK = ("bank.py:5 in take", "bank.py:21 in work")
UNSEEN = "\x1b[31m\u202e\ud800\x00"

_STEP = StepView("0", "MainThread", "end", "(inside Python)", "", None, switched=False)


def step(number: int, thread: tuple[str, str], operation: str, kind: str, line: int = 0, **more: object) -> StepView:
    """A step at `line` of ``bank.py``."""
    place = {"place": f"bank.py:{line}", "source": f"line {line}"} if line else {}
    step = replace(_STEP, number=number, thread=thread[0], thread_name=thread[1], operation=operation, kind=kind)
    return replace(step, **place, **more)


def exploration(*findings: Finding, name: str = "model", races: tuple[Race, ...] = ()) -> Exploration:
    """What has found `findings`."""
    reason = "Stopped at the first finding, in schedule 2."
    return Exploration(Verdict.FAILED, reason, 2, False, findings, STATISTICS, name=name, races=races)


def lost_update() -> Finding:
    """Both read 0, then both write 1: step 4 preempts the left thread, and is the first that differs."""
    begun = Link(1, "started by 0 MainThread at step 1")
    steps = (
        step(1, MAIN, "start thread 0.1 left", "start", 9, matters=False),
        step(2, MAIN, "start thread 0.2 right", "start", 9, matters=False),
        step(
            3, LEFT, "read n", "memory read", 4, result="0", target="n", links=(begun,), handover="0 MainThread waits"
        ),
        step(
            4,
            RIGHT,
            "read n",
            "memory read",
            4,
            result="0",
            target="n",
            switched=True,
            handover="0.1 left is preempted",
        ),
        step(5, RIGHT, "write n", "memory write", 5, result="1", target="n"),
        step(6, RIGHT, "end", "exit", matters=False),
        step(7, LEFT, "write n", "memory write", 5, result="1", target="n", handover="0.2 right has ended"),
        step(
            8,
            MAIN,
            "read n",
            "memory read",
            12,
            result="1",
            target="n",
            links=(Link(7, "what 0.1 left wrote at step 7"),),
        ),
    )
    passing = (*steps[:3], step(4, LEFT, "write n", "memory write", 5, result="1", target="n"))
    return Finding(
        kind=FindingKind.EXCEPTION,
        message="AssertionError: n is 1",
        thread="0",
        thread_name="MainThread",
        traceback='Traceback (most recent call last):\n  File "bank.py", line 12, in model\nAssertionError: n is 1',
        schedule=Schedule.parse("s1:0x2,0.1,0.2x3,0.1,0"),
        steps=steps,
        output="hello from the model\n",
        place="bank.py:12",
        source="line 12",
        nearest=Passing(Schedule.parse("s1:0x2,0.1x2"), passing, differs=4, tried=1),
    )


def deadlock() -> Finding:
    """Each holds one lock and waits for the other's; the first thread waits for the left one."""
    held = ", held by thread"
    steps = (
        step(1, LEFT, "acquire A: got it", "acquire", 4, holds=("A",), target="A"),
        step(
            2,
            RIGHT,
            "acquire B: got it",
            "acquire",
            8,
            holds=("B",),
            target="B",
            switched=True,
            handover="0.1 left is preempted",
        ),
    )
    waiting = (
        Waiting(*MAIN, "join thread 0.1 left", "bank.py:12", "line 12", "the end of thread 0.1 left", (), (), "0.1"),
        Waiting(*LEFT, "acquire B", "bank.py:5", "line 5", f"B{held} 0.2 (right)", ("A",), STACK, "0.2"),
        Waiting(*RIGHT, "acquire A", "bank.py:9", "line 9", f"A{held} 0.1 (left)", ("B",), (), "0.1"),
    )
    message = (
        "no thread can go on.\n  thread 0.1 (left) waits for B\nThe cycle: 0.1 → 0.2 → 0.1 (each waits for the next)."
    )
    schedule = Schedule.parse("s1:0.1,0.2")
    return Finding(FindingKind.DEADLOCK, message, None, "", schedule, steps, waiting=waiting)


def evil() -> Finding:
    """Every text that a program can choose is markup."""
    text = EVIL + UNSEEN
    steps = (
        step(
            1,
            ("0", text),
            f"read {text}",
            "memory read",
            place=f"{EVIL}:3",
            source=text,
            result=text,
            target=text,
            holds=(text,),
        ),
        step(2, ("0.1", text), text, "acquire", 1, links=(Link(1, text),), handover=text, switched=True, holds=(text,)),
    )
    waiting = (
        Waiting("0.1", text, text, f"{EVIL}:4", text, f"{text}, held by thread 0 (x)", (text,), (text, text), "0"),
    )
    nearest = Passing(Schedule.parse("s1:0"), steps[:1], differs=2, tried=1)
    return Finding(
        FindingKind.EXCEPTION,
        text,
        "0",
        text,
        Schedule.parse("s1:0x2"),
        steps,
        output=text,
        thread_name=text,
        place=f"{EVIL}:3",
        source=text,
        waiting=waiting,
        nearest=nearest,
    )


def endless(count: int = 10_000) -> Finding:
    """Two threads poll for ever, a lock around every look; all of it matters."""
    steps = tuple(
        step(number, LEFT if number // 3 % 2 else RIGHT, *what)
        for number, what in ((n, _POLLING[n % 3]) for n in range(1, count + 1))
    )
    message = (
        f"the execution has {count} steps and is not over (max_steps). It ends by repeating:\n  0.1 read n\nA loop."
    )
    steps = tuple(replace(each, holds=() if each.kind == "release" else ("A",)) for each in steps)
    return Finding(FindingKind.LIVELOCK, message, None, "", Schedule.parse("s1:0.1x3"), steps)


_POLLING = (("acquire A: got it", "acquire", 4), ("read n", "memory read", 5), ("release A", "release", 6))


def race() -> tuple[Finding, Race]:
    """A race as a finding, and as what the exploration lists."""
    accesses = (
        RaceAccess("0.1", "left", "written", "bank.py:4", "line 4", ("bank.py:4 in put", "bank.py:20 in work")),
        RaceAccess("0.2", "right", "read", "bank.py:5", "line 5", ("bank.py:5 in get",)),
    )
    found = Race("n", accesses, "n is written by thread 0.1 and read by thread 0.2", Schedule.parse("s1:0"), "A note.")
    return Finding(FindingKind.RACE, f"{found.message}. A note.", "0.2", "stacks", found.schedule, ()), found


def write_bank(folder: Path) -> None:
    """The file that the samples speak of."""
    (folder / "bank.py").write_text("".join(f"line {number}\n" for number in range(1, 31)))
