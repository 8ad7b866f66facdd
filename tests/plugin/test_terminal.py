"""What a run leaves on terminals, on GitHub, in JUnit XML and in the report directory."""

from __future__ import annotations

import json
import sys

from .conftest import Project

MODELS = """
import threading

import pytest

from scopedenv.sandbox import choose


@pytest.mark.sandboxed_model
@pytest.mark.parametrize("name", ["100%: a, b"])
def test_bad(name):
    assert choose(2) == 0, f"{name}\\r\\nand more"


@pytest.mark.sandboxed_model
def test_good():
    choose(2)


@pytest.mark.sandboxed_model
@pytest.mark.xfail(reason="known")
def test_known():
    assert choose(2) == 0
"""


def test_colours_on_a_terminal_and_none_in_the_xml(project: Project, way: tuple[str, ...]) -> None:
    project.write("test_models.py", MODELS)
    del project.environment["NO_COLOR"]
    run = project.pytest("--sandboxed-model", "--color=yes", *way)
    assert "\x1b[1;31mFAILED\x1b[0m: \x1b[1mtest_models.py::test_bad[100%: a, b]\x1b[0m" in run.output
    assert "\x1b[31mFAILED    \x1b[0m" not in run.output, "cells are as wide as the widest verdict"
    assert "\x1b[32mPASSED \x1b[0m" in run.output
    text = run.cases["test_bad[100%: a, b]"].text
    assert "FAILED: test_models.py::test_bad[100%: a, b]\n" in text
    assert "\x1b" not in text
    assert "#x1B" not in text
    plain = project.pytest("--sandboxed-model", "--color=no", *way)
    assert "\x1b" not in plain.output
    assert "FAILED: test_models.py::test_bad[100%: a, b]\n" in plain.output


def test_properties_of_a_failing_model(project: Project, way: tuple[str, ...]) -> None:
    project.write("test_models.py", MODELS)
    run = project.pytest("--sandboxed-model", *way)
    properties = run.cases["test_bad[100%: a, b]"].properties
    assert properties["sandboxed_model_verdict"] == "FAILED"
    assert properties["sandboxed_model_executions"] == "2"
    assert properties["sandboxed_model_schedule"].startswith("s1:0")
    assert properties["sandboxed_model_failure_file"].startswith(".scopedenv/failures/test_models.py-test_bad-100")
    assert properties["sandboxed_model_reason"] == "Stopped at the first finding, in schedule 2."
    good = run.cases["test_good"].properties
    assert good["sandboxed_model_traces"] == "2"
    assert good["sandboxed_model_explored"] == "all"
    assert not {"sandboxed_model_schedule", "sandboxed_model_failure_file"} & set(good)


def test_an_annotation_for_each_failing_model(project: Project, way: tuple[str, ...]) -> None:
    project.write("below/test_models.py", MODELS)
    project.environment |= {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(project.folder)}
    run = project.pytest("--sandboxed-model", "--rootdir=below", "below", *way)
    lines = [line for line in run.output.splitlines() if line.startswith("::")]
    assert len(lines) == 1, "one model fails; an expected failure is none"
    assert lines[0].startswith(
        "::error file=below/test_models.py,line=9,title=sandboxed model FAILED%3A "
        "below/test_models.py%3A%3Atest_bad[100%25%3A a%2C b]::exception: AssertionError: 100%25: a, b%0ASchedule: s1:0"
    )


def test_no_annotation_elsewhere(project: Project) -> None:
    project.write("test_models.py", MODELS)
    project.environment.pop("GITHUB_ACTIONS", None)
    run = project.pytest("--sandboxed-model", "-k", "bad", "-n0")
    assert "::error" not in run.output


def test_the_report_directory(project: Project, way: tuple[str, ...]) -> None:
    project.write("test_models.py", MODELS)
    project.pytest("--sandboxed-model", "--sandboxed-model-report=reports", *way)
    reports = project.folder / "reports"
    (text,) = reports.glob("test_models.py-test_bad-*.txt")
    stem = text.name.removesuffix(".txt")
    made = {path.name.removeprefix(stem) for path in reports.glob(f"{stem}*")}
    assert made == {".txt", ".json", ".mmd", ".trace.json", ".html"}
    assert (reports / f"{stem}.mmd").read_text().startswith("sequenceDiagram")
    index = (reports / "index.html").read_text()
    assert f'exception: AssertionError: 100%: a, b <a href="{stem}.html">page</a>' in index
    assert "test_models.py::test_good" in index
    replayed = project.pytest(f"--sandboxed-model-replay=reports/{stem}.json", *way)
    assert replayed.outcomes == {"test_bad[100%: a, b]": "failed"}


SEVERAL = """
import pytest

from scopedenv.sandbox import choose


@pytest.mark.sandboxed_model(stop_at_first=False)
def test_several():
    if choose(4) == 2:
        raise KeyError("<b>")
    assert choose(2) == 0, "odd"
"""


def test_every_finding_has_its_files(project: Project, way: tuple[str, ...]) -> None:
    """Three values are odd in one of two executions, the fourth fails in its one."""
    project.write("test_models.py", SEVERAL)
    run = project.pytest("--sandboxed-model", "--sandboxed-model-report=reports", *way)
    reports = project.folder / "reports"
    stem = run.cases["test_several"].properties["sandboxed_model_files"]
    assert run.cases["test_several"].properties["sandboxed_model_findings"] == "4"
    endings = (".json", ".mmd", ".trace.json", ".html")
    stems = [stem, f"{stem}-2", f"{stem}-3", f"{stem}-4"]
    expected = {f"{stem}.txt", "index.html"} | {each + ending for each in stems for ending in endings}
    assert {path.name for path in reports.iterdir()} == expected
    schedules = [json.loads((reports / f"{each}.json").read_text())["schedule"] for each in stems]
    assert len(set(schedules)) == 4
    pages = [(reports / f"{each}.html").read_text() for each in stems]
    for schedule, page in zip(schedules, pages, strict=True):
        assert [other for other in schedules if f"{other}&#39;" in page] == [schedule]
    assert sum("<h1>Exception: KeyError" in page for page in pages) == 1
    listed = "".join(f"\nreports/{each}.html" for each in stems)
    assert f"Page of each finding:{listed}\n" in run.cases["test_several"].text + "\n"
    index = (reports / "index.html").read_text()
    assert index.count("exception: AssertionError: odd") == 3
    assert index.count("exception: KeyError: &#x27;&lt;b&gt;&#x27;") == 1
    assert [f'<a href="{each}.html">page</a>' in index for each in stems] == [True] * 4
    replayed = project.pytest(f"--sandboxed-model-replay=reports/{stem}-3.json", "-n0")
    assert replayed.cases["test_several"].properties["sandboxed_model_schedule"] == schedules[2]


def test_the_first_of_very_many_findings_have_files(project: Project) -> None:
    project.write("conftest.py", "from scopedenv import pytest_directory\npytest_directory.MOST = 2\n")
    project.write("test_models.py", SEVERAL)
    run = project.pytest("--sandboxed-model", "--sandboxed-model-report=reports", "-n0")
    assert len(list((project.folder / "reports").glob("test_models*.html"))) == 2
    assert "The first 2 of 4 findings have files." in run.cases["test_several"].text
    assert "The first 2 of 4 findings have files." in (project.folder / "reports" / "index.html").read_text()


def test_without_jinja2_there_is_no_page(project: Project) -> None:
    project.write("test_models.py", MODELS)
    project.write("conftest.py", "import sys\nsys.modules['jinja2'] = None\n")
    run = project.pytest("--sandboxed-model", "--sandboxed-model-report=reports", "-k", "bad", "-n0")
    assert set(run.outcomes.values()) == {"failed"}
    assert "100%: a, b" in run.cases["test_bad[100%: a, b]"].text
    endings = {"".join(path.suffixes[-1:]) for path in (project.folder / "reports").glob("test_models*")}
    assert endings == {".txt", ".json", ".mmd"}


#: Stands where pytest-html would be: registered as it is, with its way of making links.
HTML_PLUGIN = """
import pytest


class Extras:
    @staticmethod
    def url(content, name="URL"):
        return {"name": name, "format_type": "url", "content": content}


extras = Extras


def pytest_addoption(parser):
    parser.addoption("--html", dest="htmlpath", default=None)


def pytest_configure(config):
    config.pluginmanager.register(Html(), "html")


class Html:
    def pytest_terminal_summary(self, terminalreporter):
        for report in terminalreporter.stats.get("failed", ()):
            terminalreporter.write_line(f"extras: {getattr(report, 'extras', None)}")
"""


def test_a_link_in_the_report_of_pytest_html(project: Project, way: tuple[str, ...]) -> None:
    project.write("test_models.py", MODELS)
    project.write("pytest_html.py", HTML_PLUGIN)
    project.environment["PYTHONPATH"] += f":{project.folder}"
    arguments = ["--sandboxed-model", "--sandboxed-model-report=reports", "--html=out/all.html", "-k", "bad", *way]
    run = project.command([sys.executable, "-m", "pytest", "-p", "pytest_html", *arguments])
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("extras: ")]
    assert "'name': 'schedule'" in line
    assert "'content': '../reports/test_models.py-test_bad-" in line


def test_a_link_for_each_finding(project: Project) -> None:
    project.write("test_models.py", SEVERAL)
    project.write("pytest_html.py", HTML_PLUGIN)
    project.environment["PYTHONPATH"] += f":{project.folder}"
    arguments = ["--sandboxed-model", "--sandboxed-model-report=reports", "--html=out/all.html", "-n0"]
    run = project.command([sys.executable, "-m", "pytest", "-p", "pytest_html", *arguments])
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("extras: ")]
    assert [f"'name': 'schedule {number}'" in line for number in range(1, 6)] == [True] * 4 + [False]
