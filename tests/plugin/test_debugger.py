"""``--sandboxed-model-replay … --pdb`` on a pseudo-terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pexpect
import pytest

BROKEN = """
import threading

import pytest


class Counter:
    value = 0


@pytest.mark.sandboxed_model
def test_counter():
    counter = Counter()

    def work():
        counter.value += 1

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 2
"""


@pytest.mark.parametrize("capture", ["fd", "sys", "no"])
def test_a_failing_replay_is_looked_at_in_the_sandbox(tmp_path: Path, capture: str) -> None:
    """From the failure file of the first run. The prompt is the sandbox's, and there is no second one of pytest's."""
    (tmp_path / "test_counter.py").write_text(BROKEN)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    env = {**os.environ, "TERM": "dumb", "NO_COLOR": "1", "PYTHON_COLORS": "0"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--capture={capture}"]
    pexpect.run(" ".join([*command, "--sandboxed-model"]), cwd=str(tmp_path), env=env, timeout=120)
    (file,) = (tmp_path / ".scopedenv" / "failures").glob("*.json")
    terminal = pexpect.spawn(
        command[0],
        [*command[1:], "--sandboxed-model-replay", str(file), "--pdb"],
        cwd=str(tmp_path),
        env=env,
        encoding="utf-8",
        timeout=120,
        dimensions=(24, 200),
    )
    terminal.expect_exact("(Pdb) ")
    terminal.sendline("p counter.value, len(threads)")
    terminal.expect_exact("(1, 2)")
    terminal.expect_exact("(Pdb) ")
    terminal.sendline("c")
    terminal.expect("1 failed")
    terminal.expect(pexpect.EOF)
    assert terminal.before is not None
    assert "(Pdb)" not in terminal.before
    terminal.close()
    assert terminal.exitstatus == 1
