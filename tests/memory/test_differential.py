"""Random programs over plain memory: the sandbox finds every outcome that brute force finds, and no other."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import pytest

from scopedenv.sandbox import Sandbox, Verdict

from .programs import every_outcome, generate, source

PROGRAMS = 40


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_every_outcome_and_no_other(seed: int, tmp_path: Path) -> None:
    program = generate(random.Random(seed))
    file = tmp_path / f"program_{seed}.py"
    file.write_text(source(program))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result = Sandbox(stop_at_first=False).explore(module.model)
    assert result.verdict is Verdict.PASSED, result.report()
    assert set(result.outcomes) == every_outcome(program), file.read_text()
    assert result.statistics.redundant == 0
