"""Dask: several worker processes with several threads each; lost tasks are run again by Dask itself."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest
from tests.executors import promises

import scopedenv

dask = pytest.importorskip("dask", reason="needs distributed, of the extra 'executors'")
distributed = pytest.importorskip("distributed", reason="needs distributed, of the extra 'executors'")


@pytest.fixture(name="executor", scope="module")
def _executor() -> Iterator[Any]:
    patient = {f"distributed.comm.timeouts.{name}": "300s" for name in ("connect", "tcp")}
    with (
        dask.config.set(patient),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=2,
            processes=True,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor()


def test_same_numbers(executor: futures.Executor) -> None:
    promises.same_numbers(executor)


def test_same_findings(executor: futures.Executor) -> None:
    promises.same_findings(executor)


def test_a_worker_is_killed(executor: futures.Executor, tmp_path: Path) -> None:
    promises.nothing_lost(executor, "worker", tmp_path)


def test_the_example_of_the_guide(tmp_path: Path) -> None:
    """As it stands there, but for the address of the scheduler."""
    page = (Path(__file__).parents[2] / "docs" / "users-guide.md").read_text()
    (code,) = (block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "import Client" in block)
    assert code.count('"tcp://scheduler:8786"') == 1
    code = code.replace('"tcp://scheduler:8786"', "cluster")
    (tmp_path / "mypkg").mkdir()
    (tmp_path / "mypkg" / "models.py").write_text(
        "from scopedenv.sandbox import choose\ndef model():\n    return choose(80)\n"
    )
    (tmp_path / "script.py").write_text(
        "from distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        "    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:\n"
        + textwrap.indent(code, " " * 8)
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(scopedenv.__file__).parents[1])}
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PASSED: model\nOne schedule of every trace was run (80 schedules); none failed.")
