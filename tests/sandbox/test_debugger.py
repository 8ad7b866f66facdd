"""``replay(..., debug=True)`` on a pseudo-terminal: what is typed there and what comes back."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

SCRIPT = """
import threading
from scopedenv.sandbox import Sandbox

class Counter:
    value = 0

def model():
    counter = Counter()
    def work():
        seen = counter.value
        if stopping:
            {stop}
        counter.value = seen + 1
    threads = [threading.Thread(target=work, name=name) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 2, counter.value

stopping = False
schedule = Sandbox().explore(model).findings[0].schedule
stopping = True
result = Sandbox().replay(model, schedule, debug=True)
print("the verdict is", result.verdict.name, [finding.message for finding in result.findings])
"""


@pytest.fixture
def terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[pexpect.spawn]:
    """The script, in which `stop` stands where the parameter says, on a terminal of its own."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(stop=request.param))
    env = {**os.environ, "TERM": "dumb", "NO_COLOR": "1", "PYTHON_COLORS": "0"}
    child = pexpect.spawn(sys.executable, [str(script)], env=env, encoding="utf-8", timeout=60, dimensions=(24, 200))
    yield child
    child.close(force=True)


def told(terminal: pexpect.spawn, command: str) -> str:
    """What is printed for `command` at the prompt, up to the next prompt."""
    terminal.sendline(command)
    terminal.expect_exact(command)
    terminal.expect_exact("(Pdb) ")
    assert terminal.before is not None
    return terminal.before.strip()


@pytest.mark.parametrize("terminal", ["breakpoint()", "import pdb; pdb.set_trace()"], indirect=True)
def test_breakpoint_and_stepping_under_the_schedule(terminal: pexpect.spawn) -> None:
    """The first thread stops with 0 read; then the second, with 0 read, too, and it ends before the first goes on."""
    terminal.expect_exact("(Pdb) ")
    assert told(terminal, "p threading.current_thread().name, seen") == "('first', 0)"
    second = told(terminal, "c")
    assert "work()" in second
    assert told(terminal, "p threading.current_thread().name, seen") == "('second', 0)"
    failed = told(terminal, "c")
    assert "AssertionError: 1" in failed
    assert told(terminal, "p counter.value") == "1"
    terminal.sendline("c")
    terminal.expect_exact("the verdict is FAILED ['AssertionError: 1']")
    terminal.expect(pexpect.EOF)


@pytest.mark.parametrize("terminal", ["pass"], indirect=True)
def test_an_exception_is_looked_at_where_it_was_raised(terminal: pexpect.spawn) -> None:
    terminal.expect_exact("AssertionError: 1")
    terminal.expect_exact("(Pdb) ")
    assert "model()" in told(terminal, "w")
    assert told(terminal, "p [thread.name for thread in threads]") == "['first', 'second']"
    terminal.sendline("q")
    terminal.expect_exact("the verdict is FAILED ['AssertionError: 1']")
    terminal.expect(pexpect.EOF)


@pytest.mark.parametrize("terminal", ["breakpoint()"], indirect=True)
def test_stepping_does_not_stop_in_the_sandbox(terminal: pexpect.spawn) -> None:
    """Around an access to memory there is code of ours; a step goes from line to line of the program."""
    terminal.expect_exact("(Pdb) ")
    lines = [told(terminal, "s") for _ in range(3)]
    assert not any("scopedenv" in line for line in lines), lines
    assert any("counter.value = seen + 1" in line for line in lines), lines


@pytest.mark.parametrize("terminal", ["breakpoint()"], indirect=True)
def test_ctrl_c_ends_the_replay(terminal: pexpect.spawn) -> None:
    terminal.expect_exact("(Pdb) ")
    terminal.sendintr()
    terminal.expect_exact("KeyboardInterrupt")
    terminal.expect(pexpect.EOF)
