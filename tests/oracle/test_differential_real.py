"""The whole sandbox, real threads in forked processes, against brute force on the oracle's own semantics.

For each random program: the outcomes of the executions that end are the oracle's, so is the number of deadlocks, and
there are as many executions as traces. Queues are, for real, conditions and locks, so they have more traces than the
oracle's single steps, and a compare-and-exchange that fails counts as a write: there only outcomes are compared.
"""

from __future__ import annotations

import pytest
from tests.oracle import brute
from tests.oracle import program as p
from tests.oracle.adapter_real import model_of
from tests.oracle.adapter_simulated import folded
from tests.oracle.generate import PROFILES, random_program

from scopedenv.sandbox import Exploration, FindingKind, Sandbox

SEEDS = 12
MOST_TRACES = 60


def _coarse(program: p.Program) -> bool:
    """Whether the real primitives take other steps than the oracle's."""
    specs = any(isinstance(spec, p.Queue) for _name, spec in program.objects)
    return specs or any(op.kind == "compare_exchange" for op in program.operations())


def polls(program: p.Program) -> bool:
    """Whether a thread yields twice: then only fair schedules are run."""
    return any([op.kind for op in ops].count("yield_now") > 1 for _name, ops in program.bodies)


def explored(program: p.Program) -> Exploration:
    """The whole of `program`, for real. What the adapter itself keeps in plain memory is no part of it."""
    return Sandbox(stop_at_first=False, minimize=False, watch="sync").explore(model_of(program))


def agree(program: p.Program, found: brute.Exploration, result: Exploration) -> None:
    """Outcomes, deadlocks and the number of executions are the oracle's."""
    kinds = [finding.kind for finding in result.findings]
    assert set(kinds) <= {FindingKind.DEADLOCK}, f"{result.findings[0]}\n{program}"
    ended = {outcome.results for outcome in found.distinct_outcomes if not outcome.blocked}
    assert set(result.outcomes) == ended, str(program)
    assert bool(kinds) == any(outcome.blocked for outcome in found.distinct_outcomes), str(program)
    if not _coarse(program):
        classes = folded(program, found)
        stuck = sum(bool(found.outcomes[fine[0]].blocked) for fine in classes.values())
        assert (result.schedules, len(kinds)) == (len(classes), stuck), str(program)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_sandbox_does_what_brute_force_says(profile: str) -> None:
    compared = 0
    for seed in range(2000, 2000 + 3 * SEEDS):
        program = random_program(seed, profile, budget=400)
        found = brute.explore(program)
        if compared == SEEDS or len(found.traces) > MOST_TRACES or polls(program):
            continue
        compared += 1
        agree(program, found, explored(program))
    assert compared >= SEEDS // 2
