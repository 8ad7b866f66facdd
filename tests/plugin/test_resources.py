"""Which values of fixtures are warned about: what fork does not isolate, found without running the program's code."""

from __future__ import annotations

import asyncio
import collections
import io
import os
import socket
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from scopedenv.pytest_resources import resource_in

from .conftest import Project


class _Driver:
    """Looks like a connection of any driver (PEP 249)."""

    def cursor(self) -> None: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...


class _Slots:
    __slots__ = ("file", "never_set")

    def __init__(self, file: Any) -> None:
        self.file = file


class _Trap:
    """Ends the test if anything of it is called."""

    def __getattr__(self, name: str) -> Any:
        os.abort()

    @property
    def connection(self) -> Any:
        os.abort()

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        os.abort()


class _TrapList(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        os.abort()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[io.TextIOWrapper]:
    with open(tmp_path / "file", "w+") as opened:
        yield opened


def test_files(file: io.TextIOWrapper) -> None:
    for value in (file, file.buffer, file.buffer.raw):
        assert resource_in(value) == "an open file"
    assert resource_in([1, file]) == "an open file ([1])"
    assert resource_in({"log": file}) == "an open file (['log'])"
    assert resource_in(_TrapList([file])) == "an open file ([0])"
    assert resource_in(collections.deque([file])) == "an open file ([0])"
    assert resource_in(SimpleNamespace(log=file)) == "an open file (.log)"
    assert resource_in(_Slots(file)) == "an open file (.file)"
    with tempfile.NamedTemporaryFile() as temporary:
        assert resource_in(temporary) == "an open file (.file)"
    file.close()
    assert resource_in(file) is None


def test_sockets_connections_and_loops() -> None:
    with socket.socket() as opened:
        assert resource_in(opened) == "a socket"
    assert resource_in(opened) is None
    with closing(sqlite3.connect(":memory:")) as connection:
        assert resource_in(connection) == "an sqlite3 connection"
    assert resource_in(_Driver()) == f"a database connection ({__name__}._Driver)"
    with closing(asyncio.new_event_loop()) as loop:
        assert resource_in(SimpleNamespace(loop=loop)) == "an event loop of asyncio (.loop)"
    assert resource_in(loop) is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: None,
        lambda: 3,
        lambda: "text",
        lambda: Path("somewhere"),
        lambda: io.StringIO("text"),
        lambda: io.BytesIO(b"bytes"),
        lambda: io.TextIOWrapper(io.BytesIO()),
        lambda: io.BufferedReader(io.BytesIO()),  # type: ignore[arg-type]
        lambda: sys.__stdout__,
        lambda: [sys.__stdin__, sys.__stderr__],
        threading.Lock,
        threading.Event,
        mock.MagicMock,
        _Trap,
        lambda: _Slots(_Trap()),
        lambda: [_Trap()],
        lambda: os,
        lambda: io.TextIOWrapper,
        lambda: _Driver,
        lambda: [[io.FileIO]],
    ],
)
def test_other_values(make: Callable[[], object]) -> None:
    assert resource_in(make()) is None


def test_fixtures_of_pytest(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
    request: pytest.FixtureRequest,
    pytestconfig: pytest.Config,
) -> None:
    for value in (tmp_path, tmp_path_factory, monkeypatch, capsys, caplog, recwarn, request, pytestconfig):
        assert resource_in(value) is None


MODELS = """
import sqlite3

import pytest


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:")
    yield connection
    connection.close()


@pytest.mark.sandboxed_model
def test_connected(connection):
    pass


@pytest.mark.sandboxed_model
def test_files(tmp_path, capsys):
    pass


def test_ordinary(connection):
    pass
"""


def test_the_warning(project: Project, way: tuple[str, ...]) -> None:
    project.write("test_models.py", MODELS)
    run = project.pytest("--sandboxed-model", "-W", "default", *way)
    assert set(run.outcomes.values()) == {"passed"}
    assert run.line("ForkedResourceWarning: test_models.py::test_connected: 'connection' hands the model an sqlite3")
    assert "1 warning" in run.output
    ignored = project.pytest("--sandboxed-model", "-W", "ignore::scopedenv.ForkedResourceWarning", *way)
    assert set(ignored.outcomes.values()) == {"passed"}
