"""An exploration by workers whose caller is stopped: no process stays, and what was done is not lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from .test_caller import MARK, SOURCES, marked, until

SCRIPT = """
    import sys
    from scopedenv.sandbox import Sandbox, checkpoint, crew, explorer
    sys.path.insert(0, {tests!r})
    from tests.sandbox.test_caller import state
    from tests.sandbox.worked import hang, three_ways

    explorer.ALONE, explorer._PROGRESS_SECONDS = 2, 0.0
    crew.LocalCrew.seconds = 0.02
    checkpoint.INTERVAL, checkpoint.SHARE = 0.02, 1.0

    def told(statistics):
        if statistics.workers > 1:
            print("running", flush=True)

    before = state()
    path = sys.argv[2] if sys.argv[2:] else None
    try:
        sandbox = Sandbox(workers=2, on_progress=told, stall_seconds=600.0, checkpoint=path, watch="sync")
        result = sandbox.explore(hang if sys.argv[1] == "hang" else three_ways)
        print(result.verdict.name, result.schedules, sorted(result.outcomes.items()), result.statistics.steps)
    except KeyboardInterrupt:
        print("interrupted", state() == before, flush=True)
"""


def script(mark: str, *arguments: str | Path) -> subprocess.Popen[str]:
    """A process that explores with two workers; it says 'running' now and then."""
    code = textwrap.dedent(SCRIPT).format(tests=str(Path(__file__).parents[2]))
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": SOURCES, "SCOPEDENV_MARK": mark},
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
@pytest.mark.parametrize("model", ["hang", "three_ways"])
def test_no_process_stays_when_the_caller_is_stopped(number: signal.Signals, model: str) -> None:
    mark = f"{MARK}{os.getpid()}-workers-{number.name}-{model}"
    with script(mark, model) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(number)
        said = process.stdout.read()
        process.wait()
    if number is signal.SIGINT:
        assert said.endswith("interrupted True\n")
        assert marked(mark) == []
    assert until(lambda: marked(mark) == []), marked(mark)


def test_killed_with_its_workers_it_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    """108 traces, run by two processes, neither of which knows the other's half.

    Per choice: the three writes come in 3! orders; the read of the first to write comes before all writes, that of the
    second at one of two places, that of the third at one of three: 36. Of these six the third reads 0 in two, 1 in
    three (after the first write, or after a second one that had read 0), 2 in one.
    """
    path, mark = tmp_path / "c.json", f"{MARK}{os.getpid()}-resumed"
    with script(mark, "three_ways", path) as process:
        while process.poll() is None:
            done = json.loads(path.read_text())["tally"]["counts"]["executions"] if path.exists() else 0
            if done >= 10:
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    assert done < 108
    with script(mark, "three_ways", path) as process:
        assert process.stdout is not None
        last = process.stdout.read().splitlines()[-1]
    outcomes = [((choice, value), count) for choice in range(3) for value, count in ((1, 12), (2, 18), (3, 6))]
    assert last.startswith(f"PASSED 108 {outcomes} "), last
    assert until(lambda: marked(mark) == [])
