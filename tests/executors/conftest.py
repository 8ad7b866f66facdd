"""Nothing of an exploration stays in this process or beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psutil
import pytest
from tests.sandbox.test_caller import until

from scopedenv.sandbox import explorer, remote

MARK = f"scopedenv-hosts-{os.getpid()}"


def hosts() -> list[psutil.Process]:
    """The living hosts that this process, or an executor that it made, has started; and what they have forked."""
    found = []
    for process in psutil.process_iter():
        try:
            if "scopedenv.sandbox.host" in " ".join(process.cmdline()) and process.environ().get("MARK") == MARK:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="session", autouse=True)
def _marked() -> Iterator[None]:
    os.environ["MARK"] = MARK
    yield
    del os.environ["MARK"]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are called at once, and heard of often."""
    monkeypatch.setattr(explorer, "ALONE", 2)
    monkeypatch.setattr(remote.RemoteCrew, "seconds", 0.1)


@pytest.fixture(scope="module", autouse=True)
def _no_host_stays() -> Iterator[None]:
    """Executors are shut down before; their hosts have nobody then."""
    yield
    assert until(lambda: hosts() == []), hosts()
