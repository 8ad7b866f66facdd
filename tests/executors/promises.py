"""What holds for every executor, as functions that assert."""

from __future__ import annotations

import dataclasses
import functools
import os
from pathlib import Path
from typing import Any

from tests.executors import conftest, models
from tests.sandbox.test_caller import until
from tests.sandbox.worked import few, seen

from scopedenv.sandbox import Exploration, Sandbox, Verdict


@functools.cache
def alone(model: Any, *args: Any, **settings: Any) -> Exploration:
    """What is found without workers."""
    return Sandbox(**settings).explore(model, *args)


def same_numbers(executor: Any) -> None:
    """16 traces and one execution that showed the race; the report names the same places."""
    cell = models.Cell(5)
    os.environ["OF_THE_CALLER"] = "1"
    try:
        # In this order: an executor may start threads, and the next ones have other numbers in their names.
        one = Sandbox(setup=models.prepare).explore(models.everything, cell, 2)
        result = Sandbox(executor=executor, setup=models.prepare).explore(models.everything, cell, 2)
    finally:
        del os.environ["OF_THE_CALLER"]
    assert result.verdict is Verdict.PASSED, result.report()
    assert result.schedules == 17
    assert {outcome[-1] for outcome in result.outcomes} == {7, 9}
    assert seen(result) == seen(one), result.report()
    assert [race.accesses for race in result.races] == [race.accesses for race in one.races]
    assert result.statistics.modules == one.statistics.modules


def same_findings(executor: Any) -> None:
    """All of them, word for word; and the first one replays here."""
    settings = {"watch": "sync", "stop_at_first": False, "minimize": False}
    one = Sandbox(**settings).explore(models.racy)
    result = Sandbox(executor=executor, **settings).explore(models.racy)
    assert seen(result) == seen(one), result.report()
    mine = {str(finding.schedule): finding for finding in result.findings}
    for finding in one.findings:
        assert dataclasses.asdict(mine[str(finding.schedule)]) == dataclasses.asdict(finding)
    assert Sandbox(watch="sync").replay(models.racy, result.findings[0].schedule).verdict is Verdict.FAILED


def nothing_lost(executor: Any, who: str, folder: Path) -> None:
    """`who` is killed in the middle: nothing is lost, nothing is counted twice, no host stays."""
    marker = folder / f"killed {who}"
    result = Sandbox(executor=executor, watch="sync").explore(models.kill_once, str(marker), who, os.getpid())
    assert marker.exists()
    assert seen(result) == seen(alone(few, watch="sync")), result.report()
    pid = os.getpid()
    assert until(lambda: not any(host.ppid() in (1, pid) for host in conftest.hosts()))
