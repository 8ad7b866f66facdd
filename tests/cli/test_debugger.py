"""``scopedenv replay --pdb`` on a pseudo-terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pexpect

from .conftest import RACE


def test_an_exception_is_looked_at_where_it_was_raised(module: Callable[[str], str]) -> None:
    """Both threads read 0 before either writes 1."""
    name = module(RACE)
    schedule = "s1:0x3,0.1,0.2x3,0.1x2,0x4;balance"
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "scopedenv", "replay", f"{name}:model", schedule, "--pdb"],
        env={**os.environ, "TERM": "dumb", "NO_COLOR": "1", "PYTHON_COLORS": "0"},
        encoding="utf-8",
        timeout=60,
        dimensions=(24, 200),
    )
    terminal.expect_exact("AssertionError: 1")
    terminal.expect_exact("(Pdb) ")
    terminal.sendline("p account.balance, len(threads)")
    terminal.expect_exact("(1, 2)")
    terminal.expect_exact("(Pdb) ")
    terminal.sendline("continue")
    terminal.expect_exact("FAILED: model")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 1
