"""The Mermaid diagram: exactly these lines, and labels that are nothing but labels."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from scopedenv.sandbox import Finding, FindingKind, Schedule
from scopedenv.sandbox.report.mermaid import MOST_STEPS

from . import samples

_LABEL = r"[^#;<>&\n]*(?:#[0-9]+;[^#;<>&\n]*)*"
#: The statements that are used, as Mermaid's grammar of sequence diagrams has them.
_STATEMENT = re.compile(
    rf"sequenceDiagram|    participant T[0-9_]+ as {_LABEL}|    T[0-9_]+->>T[0-9_]+: {_LABEL}"
    rf"|    Note over T[0-9_]+(?:,T[0-9_]+)?: {_LABEL}|    (?:de)?activate T[0-9_]+"
)


def test_a_lost_update() -> None:
    assert samples.lost_update().as_mermaid() == (
        "sequenceDiagram\n"
        "    participant T0 as 0 MainThread\n"
        "    participant T0_1 as 0.1 left\n"
        "    participant T0_2 as 0.2 right\n"
        "    Note over T0,T0_2: 3 of 8 steps are left out\n"
        "    Note over T0_1: 3 read n = 0\n"
        "    Note over T0_1,T0_2: 0.1 left is preempted\n"
        "    Note over T0_2: 4 read n = 0\n"
        "    Note over T0_2: 5 write n = 1\n"
        "    Note over T0_1: 7 write n = 1\n"
        "    T0_1->>T0: what 0.1 left wrote at step 7\n"
        "    Note over T0: 8 read n = 1\n"
        "    Note over T0,T0_2: EXCEPTION: AssertionError: n is 1"
    )


def test_a_deadlock() -> None:
    assert samples.deadlock().as_mermaid() == (
        "sequenceDiagram\n"
        "    participant T0 as 0 MainThread\n"
        "    participant T0_1 as 0.1 left\n"
        "    participant T0_2 as 0.2 right\n"
        "    Note over T0_1: 1 acquire A: got it\n"
        "    activate T0_1\n"
        "    Note over T0_1,T0_2: 0.1 left is preempted\n"
        "    Note over T0_2: 2 acquire B: got it\n"
        "    activate T0_2\n"
        "    Note over T0: waits for the end of thread 0.1 left\n"
        "    Note over T0_1: waits for B, held by thread 0.2 (right)\n"
        "    Note over T0_2: waits for A, held by thread 0.1 (left)\n"
        "    deactivate T0_1\n"
        "    deactivate T0_2\n"
        "    Note over T0,T0_2: DEADLOCK: no thread can go on.…"
    )


@pytest.mark.parametrize(
    "sample", [samples.lost_update, samples.deadlock, samples.evil, samples.endless], ids=lambda sample: sample.__name__
)
def test_every_line_is_a_statement_and_nobody_lets_go_of_what_is_not_held(sample) -> None:
    lines = sample().as_mermaid().split("\n")
    active = dict.fromkeys(re.findall(r"participant (\S+)", "\n".join(lines)), 0)
    for line in lines:
        assert _STATEMENT.fullmatch(line), line
        verb, _space, actor = line.strip().partition(" ")
        if verb in ("activate", "deactivate"):
            active[actor] += 1 if verb == "activate" else -1
            assert active[actor] >= 0
    assert set(active.values()) == {0}


def test_a_label_cannot_be_more_than_a_label() -> None:
    finding = samples.lost_update()
    hard = 'a;b#c %%{init} $$x$$ <br/> "q" `k` **b** [l](u) \\ end\nloop x'
    (drawn,) = [
        line
        for line in replace(finding, steps=(replace(finding.steps[3], operation=hard, result=None),))
        .as_mermaid()
        .split("\n")
        if "Note over T0_2: 4" in line
    ]
    label = drawn.partition(": 4 ")[2]
    assert not set(label) & set('<>"`%$\\{}*[]\n')
    told = re.sub(r"#([0-9]+);", lambda match: chr(int(match[1])), label)
    assert told == hard.partition("\n")[0] + "…"


def test_what_is_too_long_is_left_out_and_said() -> None:
    lines = samples.endless().as_mermaid().split("\n")
    assert len([line for line in lines if re.search(r"Note over T0_[12]: [0-9]+ ", line)]) == MOST_STEPS
    assert "    Note over T0_1,T0_2: 9940 of 10000 steps are left out" in lines
    assert max(map(len, lines)) < 200


def test_no_step_makes_a_diagram_that_says_so() -> None:
    drawn = Finding(FindingKind.CRASH, "m", None, "", Schedule(), ()).as_mermaid()
    assert drawn.split("\n")[1:] == ["    participant T0 as 0", "    Note over T0: no operation was carried out"]
