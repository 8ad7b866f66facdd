"""``--sandboxed-model-replay``: one schedule of one model, from the command that the failure printed."""

from __future__ import annotations

import shlex
import sys

import pytest

from .conftest import Project, Run

BROKEN = """
import pytest

from scopedenv.sandbox import choose


@pytest.mark.sandboxed_model
@pytest.mark.parametrize("name", ["it's", "a b", "{0}"])
def test_coin(name):
    assert choose(3) != 1, f"{name} fell on its edge"


def test_ordinary():
    pass
"""


def _printed_command(run: Run, name: str) -> list[str]:
    lines = run.cases[name].text.splitlines()
    (command,) = [line for line in lines if line.startswith("Replay: ")]
    program, *arguments = shlex.split(command.removeprefix("Replay: "))
    assert program == "pytest"
    return arguments


def test_the_printed_command_shows_the_same_finding(project: Project, way: tuple[str, ...]) -> None:
    project.write("below/test_coin.py", BROKEN)
    (project.folder / "elsewhere").mkdir()
    explored = project.pytest("--sandboxed-model", *way, "../below", cwd="elsewhere")
    assert explored.outcomes == {
        "test_coin[it's]": "failed",
        "test_coin[a b]": "failed",
        "test_coin[{0}]": "failed",
        "test_ordinary": "passed",
    }
    arguments = _printed_command(explored, "test_coin[it's]")
    replayed = project.pytest(*way, *arguments, cwd="elsewhere")
    assert replayed.outcomes == {"test_coin[it's]": "failed"}
    assert "it's fell on its edge" in replayed.cases["test_coin[it's]"].text
    assert replayed.cases["test_coin[it's]"].properties["sandboxed_model_executions"] == "1"
    assert _printed_command(replayed, "test_coin[it's]") == arguments
    assert "../below/test_coin.py::test_coin[{0}]" in _printed_command(explored, "test_coin[{0}]")
    assert replayed.line("FAILED ", " replay ", "../below/test_coin.py::test_coin[it's]")


def test_a_schedule_that_passes_says_so(project: Project, way: tuple[str, ...]) -> None:
    path = project.write("test_coin.py", BROKEN)
    arguments = _printed_command(project.pytest("--sandboxed-model", "-n0"), "test_coin[a b]")
    path.write_text(BROKEN.replace("choose(3) != 1", "choose(3) < 3"))
    replayed = project.pytest(*way, *arguments)
    assert replayed.outcomes == {"test_coin[a b]": "passed"}
    assert replayed.code == pytest.ExitCode.OK
    assert replayed.line("BOUNDED ", "replay: passes", "test_coin.py::test_coin[a b]")


def test_a_schedule_from_a_ci_server_replays_at_home(project: Project) -> None:
    """Pytest explains a failed comparison by CI and colours, which it takes from os.environ."""
    project.write("test_coin.py", BROKEN.replace("choose(3) != 1,", "[choose(3)] == [0],"))
    project.environment["CI"] = "true"
    arguments = _printed_command(project.pytest("--sandboxed-model", "-n0", "--color=yes"), "test_coin[a b]")
    del project.environment["CI"]
    replayed = project.pytest("-n0", *arguments)
    assert "a b fell on its edge" in replayed.cases["test_coin[a b]"].text
    assert _printed_command(replayed, "test_coin[a b]") == arguments


def test_it_demands_one_model(project: Project, way: tuple[str, ...]) -> None:
    project.write("test_coin.py", BROKEN)
    several = project.pytest("--sandboxed-model-replay=s1:0", *way)
    assert several.code == pytest.ExitCode.USAGE_ERROR
    assert "exactly one must be selected, but there are 3:" in several.errors
    assert "".join(f"\n  test_coin.py::test_coin[{name}]" for name in ("it's", "a b", "{0}")) in several.errors
    assert "test_ordinary" not in several.errors
    assert not several.cases
    none = project.pytest("--sandboxed-model-replay=s1:0", "-k", "ordinary", *way)
    assert none.code == pytest.ExitCode.USAGE_ERROR
    assert "none of the 1 selected tests is marked sandboxed_model" in none.errors


def test_a_file_that_cannot_be_collected_is_told_first(project: Project) -> None:
    project.write("test_broken.py", "import no_such_module_anywhere\n")
    run = project.pytest("--sandboxed-model-replay=s1:0", "-n0")
    assert run.code == pytest.ExitCode.INTERRUPTED
    assert "no_such_module_anywhere" in run.output
    assert "exactly one" not in run.errors


def test_collecting_only_lists_what_is_selected(project: Project) -> None:
    project.write("test_coin.py", BROKEN)
    run = project.pytest("--sandboxed-model-replay=s1:0", "--collect-only", "-q", "-n0")
    assert run.code == pytest.ExitCode.OK
    assert run.line("test_coin[a b]")


def test_no_schedule_no_run(project: Project, way: tuple[str, ...]) -> None:
    project.write("test_coin.py", BROKEN)
    run = project.pytest("--sandboxed-model-replay=heads", "-k", "it's", *way)
    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert run.errors.startswith("ERROR: --sandboxed-model-replay: 'heads' is not a schedule")
    assert f"nor is there a failure file {project.folder / 'heads'}" in run.errors


def test_a_debugger_on_a_replay_does_not_wait_for_anybody(project: Project) -> None:
    project.write("test_coin.py", BROKEN)
    arguments = _printed_command(project.pytest("--sandboxed-model", "-n0"), "test_coin[a b]")
    run = project.command([sys.executable, "-m", "pytest", "-n2", "--pdb", *arguments])
    assert run.returncode in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
    assert "a b fell on its edge" in run.stdout
