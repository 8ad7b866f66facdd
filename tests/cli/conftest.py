from __future__ import annotations

import itertools
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_numbers = itertools.count()

#: Two threads, one update each: read, read, write, write loses one. No lock, so two threads race.
RACE = """
import threading

class Account:
    def __init__(self):
        self.balance = 0

    def deposit(self, amount):
        self.balance += amount

def model():
    account = Account()
    threads = [threading.Thread(target=account.deposit, args=(1,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert account.balance == 2, account.balance
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Writes a module into an empty current directory; its name."""
    monkeypatch.chdir(tmp_path)
    made: list[str] = []

    def write(source: str) -> str:
        made.append(f"cli_model_{next(_numbers)}")
        (tmp_path / f"{made[-1]}.py").write_text(textwrap.dedent(source))
        return made[-1]

    yield write
    for name in made:
        sys.modules.pop(name, None)
