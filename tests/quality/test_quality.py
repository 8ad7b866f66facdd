"""Known bugs are found within a stated number of executions and replay; their repaired twins pass, exhaustively."""

from __future__ import annotations

import ast
import inspect

import pytest

from scopedenv.sandbox import FindingKind, Verdict

from . import corpus

FAIL, PASS = corpus.names("fail"), corpus.names("pass")


def test_every_bug_has_a_repaired_twin() -> None:
    assert FAIL == PASS
    assert len(FAIL) >= 30


@pytest.mark.parametrize("folder", ["fail", "pass"])
def test_every_program_says_what_it_is(folder: str) -> None:
    for name in corpus.names(folder):
        module = corpus.load(folder, name).module
        assert len((module.__doc__ or "").strip()) > 20, name
        assert not inspect.signature(module.model).parameters, name


def test_twins_are_not_copies() -> None:
    same = [name for name in FAIL if _code("fail", name) == _code("pass", name)]
    assert same == []


def test_the_kinds_of_finding_that_threads_alone_can_cause_are_all_there() -> None:
    kinds = {corpus.load("fail", name).kind for name in FAIL}
    assert kinds >= {
        FindingKind.EXCEPTION,
        FindingKind.DEADLOCK,
        FindingKind.CRASH,
        FindingKind.LIVELOCK,
        FindingKind.LEAK,
    }


@pytest.mark.parametrize("name", FAIL)
def test_the_bug_is_found_and_replays(name: str) -> None:
    program = corpus.load("fail", name)
    result = program.explore(max_schedules=program.within)
    assert result.verdict is Verdict.FAILED, result.report()
    found = result.findings[0]
    assert found.kind is program.kind, result.report()

    again = program.replay(str(found.schedule))
    assert again.verdict is Verdict.FAILED, again.report()
    assert again.schedules == 1
    assert (again.findings[0].kind, again.findings[0].schedule) == (found.kind, found.schedule), again.report()


@pytest.mark.parametrize("name", PASS)
def test_the_repaired_twin_passes(name: str) -> None:
    program = corpus.load("pass", name)
    result = program.explore()
    assert result.verdict is Verdict.PASSED, result.report()
    assert result.complete
    assert result.statistics.redundant == 0
    assert result.statistics.traces == program.exhausted, (
        "more: executions that differ in nothing; fewer: traces left out"
    )


def _code(folder: str, name: str) -> str:
    """The program without its docstring and its numbers."""
    tree = ast.parse((corpus.HERE / folder / f"{name}.py").read_text(encoding="utf-8"))
    return "\n".join(ast.dump(node) for node in tree.body[1:] if not _is_number(node))


def _is_number(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign):
        return False
    return ast.unparse(node.targets[0]) in {"KIND", "WITHIN", "EXHAUSTED"}
