"""Pages that tell of a session at a terminal: the files that they make, the commands that they run, what these print.

A code block after ``<!-- file: NAME -->`` is the content of that file. In a block of the language ``console`` lines
that begin with ``$`` are commands, and those below are what they print; a line ``…`` stands for any lines. Blocks after
``<!-- not run -->`` are not run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"(?:<!-- (?P<mark>[^\n]*) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)
_PLUGIN = "" if "scopedenv" in entry_points(group="pytest11").names else "-p scopedenv.pytest_plugin "
#: What the words of a session stand for here: the same program with this Python.
_PROGRAMS = {
    "python": "",
    "scopedenv": "-m scopedenv",
    "pytest": f"-m pytest {_PLUGIN}-p no:cacheprovider",
}


class File(NamedTuple):
    """A file that the page makes, or replaces."""

    name: str
    text: str


class Command(NamedTuple):
    """A command, and what the page says that it prints."""

    line: str
    printed: str


def told_in(page: str) -> Iterator[File | Command]:
    """What the page does, in its order."""
    for block in _BLOCK.finditer(page):
        mark = block["mark"] or ""
        if mark.startswith("file: "):
            yield File(mark.removeprefix("file: "), block["text"])
        elif block["language"] == "console" and mark != "not run":
            for each in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
                line, _, printed = each.partition("\n")
                yield Command(line, printed)


class Session:
    """A terminal in `folder`, with a shell that knows the status of the command before."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._status = folder, 0
        programs = folder.parent / f"{folder.name}-programs"
        programs.mkdir()
        for name, words in _PROGRAMS.items():
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
            program.chmod(0o755)
        plain = {"NO_COLOR", "FORCE_COLOR", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "COLUMNS"}
        self._environment = {name: value for name, value in os.environ.items() if name not in plain}
        self._environment["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"

    def write(self, file: File) -> None:
        """Make the file; no compiled module of the one before it stays."""
        (self._folder / file.name).write_text(file.text)
        for compiled in self._folder.rglob("*.pyc"):
            compiled.unlink()

    def run(self, line: str) -> str:
        """What the command prints."""
        ran = subprocess.run(
            ["bash", "-c", f"(exit {self._status})\n{line}"],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        self._status = ran.returncode
        return ran.stdout


def steady(text: str) -> str:
    """`text` without what differs from run to run and from Python to Python: times, versions, marks in tracebacks."""
    text = re.sub(r"\d+\.\d\d ?s\b", "0.00 s", text)
    text = re.sub(r"written \S+ on Python .*", "written then on that", text)
    return re.sub(r"\n +[~^]+(?=\n)", "", text)


def matches(printed: str, told: str) -> bool:
    """Whether a command printed what the page tells."""
    parts = re.split(r"^…\n", steady(told), flags=re.MULTILINE)
    return re.fullmatch("(?:.*\n)*?".join(map(re.escape, parts)), steady(printed)) is not None
