"""How these tests run pytest: in a process of its own, the plugin found by its entry point.

In-process, with ``pytester``, they only read options. Explorations fork, and what they fork should be a
pytest like the user's, not one inside another.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import pexpect
import pytest

import scopedenv

CHECKOUT = Path(__file__).parents[2]
SOURCES = Path(scopedenv.__file__).parents[1]
TIME_LIMIT = 300  # seconds; only a hang comes near it

#: Plugins of this project's own tests, which are dear to import and not in question.
WITHOUT_OTHERS = "-p no:pytest-bdd -p no:hypothesispytest"

#: Every case runs alone and beside others: the extra arguments of the two ways.
WAYS = {"alone": ("-n0",), "xdist": ("-n2",)}


@pytest.fixture(scope="session")
def import_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """PYTHONPATH for a pytest that finds the package, and its plugin as the package declares it."""
    folders = [str(SOURCES)]
    if "scopedenv" not in entry_points(group="pytest11").names:
        folders.append(str(_metadata(tmp_path_factory.mktemp("metadata"))))
    return os.pathsep.join(folders)


def _metadata(folder: Path) -> Path:
    """What installing the package would leave: its name, and the entry points of pyproject.toml."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    info = folder / "scopedenv-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: scopedenv\nVersion: 0\n")
    (info / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
            for group, entries in project["entry-points"].items()
        )
    )
    return folder


@dataclass(frozen=True)
class Case:
    """One test as JUnit XML tells of it. `outcome`: passed, failed, error, skipped or xfailed."""

    outcome: str
    text: str
    properties: dict[str, str]


@dataclass
class Run:
    """What one run of pytest left behind."""

    code: int
    output: str
    errors: str
    cases: dict[str, Case] = field(default_factory=dict)

    @property
    def outcomes(self) -> dict[str, str]:
        return {name: case.outcome for name, case in self.cases.items()}

    def line(self, *parts: str) -> str:
        """The one line of the output that has all of `parts`."""
        lines = [line for line in self.output.splitlines() if all(part in line for part in parts)]
        assert len(lines) == 1, f"{len(lines)} lines with {parts} in:\n{self.output}\n{self.errors}"
        return lines[0]


class Project:
    """A folder with tests of somebody who uses the plugin, and pytest to run them.

    Warnings are errors and markers are strict in every run, as in this project's own.
    """

    def __init__(self, folder: Path, import_path: str) -> None:
        self.folder = folder
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))
        } | {"PYTHONPATH": import_path, "NO_COLOR": "1", "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"}
        self.write("pytest.ini", f"[pytest]\naddopts = --strict-markers -W error {WITHOUT_OTHERS}\n")

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def pytest(self, *arguments: str, cwd: str = ".") -> Run:
        junit = self.folder / "junit.xml"
        junit.unlink(missing_ok=True)
        done = self.command([sys.executable, "-m", "pytest", f"--junitxml={junit}", *arguments], cwd=cwd)
        return Run(done.returncode, done.stdout, done.stderr, _cases(junit) if junit.exists() else {})

    def command(self, command: list[str], cwd: str = ".") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder / cwd,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )

    def on_terminal(self, *arguments: str, rows: int = 24, columns: int = 80) -> str:
        """What pytest writes to a terminal of this size, with every escape sequence."""
        elsewhere = ("COLUMNS", "CI", "BUILD_NUMBER")
        environment = {name: value for name, value in self.environment.items() if name not in elsewhere}
        written = pexpect.run(
            shlex.join([sys.executable, "-m", "pytest", *arguments]),
            cwd=os.fspath(self.folder),
            env=environment | {"TERM": "xterm"},
            dimensions=(rows, columns),
            timeout=TIME_LIMIT,
            encoding="utf-8",
        )
        assert isinstance(written, str)
        return written


def _cases(junit: Path) -> dict[str, Case]:
    found = ElementTree.parse(junit).getroot().iter("testcase")
    return {case.attrib["name"]: _case(case) for case in found if "name" in case.attrib}  # none: interrupted


def _case(case: ElementTree.Element) -> Case:
    outcome, text = "passed", ""
    for child in case:
        if child.tag in {"failure", "error", "skipped"}:
            outcome = {"failure": "failed"}.get(child.tag, child.tag)
            outcome = "xfailed" if child.get("type") == "pytest.xfail" else outcome
            text = f"{child.get('message')}\n{child.text}"
    properties = {entry.attrib["name"]: entry.attrib["value"] for entry in case.iter("property")}
    return Case(outcome, text, properties)


@pytest.fixture
def project(tmp_path: Path, import_path: str) -> Project:
    """An empty project."""
    return Project(tmp_path, import_path)


@pytest.fixture(scope="session")
def new_project(tmp_path_factory: pytest.TempPathFactory, import_path: str) -> Callable[[str], Project]:
    """Makes projects that several tests look at."""
    return lambda name: Project(tmp_path_factory.mktemp(name), import_path)


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def way(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The arguments that make a run go alone, or through two pytest-xdist workers."""
    arguments: tuple[str, ...] = request.param
    return arguments


@pytest.fixture
def configured(pytester: pytest.Pytester) -> Iterator[Callable[..., pytest.Config]]:
    """Reads options in this process: nothing is run."""
    if "scopedenv" not in entry_points(group="pytest11").names:
        pytester.plugins = ["scopedenv.pytest_plugin"]
    return pytester.parseconfigure
