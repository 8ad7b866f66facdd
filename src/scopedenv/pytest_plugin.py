"""The pytest plugin: tests marked ``sandboxed_model`` are explored by :mod:`scopedenv.sandbox`.

The life of one marked test:

1. Collection. Without ``--sandboxed-model`` the test gets a skip marker and that is all: neither the sandbox
   nor anything it depends on is imported, no fixture is set up.
2. Setup. The markers are checked and the ``Sandbox`` is made, then pytest sets up the fixtures: once. Every
   execution is forked from there, so each begins with the fixtures as they were set up.
3. Call. The test function with its arguments is the model: explored, or one schedule of it replayed.
4. Report. A failure shows what the exploration found and the command that replays it, not the plugin's own
   stack. Verdict, executions and seconds travel as ``user_properties`` of the report, which is how they come
   from a pytest-xdist worker to the terminal summary, and into JUnit XML.

``pytest.xfail()`` and ``pytest.skip()`` in the model's first thread end that execution, not the exploration:

* xfail in any execution: the test is an expected failure; skip in every execution: the test is skipped;
* skip in some executions only: the test fails, because what those schedules do was not looked at. A model
  that has nothing to say about a schedule returns.

A finding goes before all of these. In another thread, skip and xfail are exceptions, and hence findings.

Under pytest-xdist each worker explores its tests with one runner. A replay stays in pytest's own process.
"""

from __future__ import annotations

import functools
import inspect
import os
import re
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from scopedenv import project, pytest_options
from scopedenv.pytest_options import FLAG, MARKER, MarkerError, ModelOptions

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from scopedenv.sandbox import Exploration, Sandbox

SKIP_REASON: Final = f"a sandboxed model; give {FLAG} to run it"
_SKIP, _XFAIL = "pytest.skip", "pytest.xfail"


class _Ending(NamedTuple):
    """How the test ends: "passed", "failed", "skipped" or "xfailed"; the verdict to print; the reason."""

    outcome: str
    verdict: str
    reason: str


class _Raised(NamedTuple):
    """The exception by which a model ends its test; what to show for it, if anything; that in one line."""

    exception: BaseException
    text: str = ""
    headline: str = ""


_OPTIONS = pytest.StashKey[ModelOptions]()
_SANDBOX = pytest.StashKey["Sandbox"]()
_MISUSE = pytest.StashKey[BaseException]()
_RAISED = pytest.StashKey[_Raised]()


# -------------------------------------------------------------------------------------------- configuration


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and ini values."""
    pytest_options.declare(parser)


@pytest.hookimpl(wrapper=True)  # a wrapper comes before pytest-xdist, which is tryfirst
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """Keep a replay in this process: it is one test, may want --pdb, and its UsageErrors should be seen."""
    if pytest_options.read(config).replay is not None and hasattr(config.option, "numprocesses"):
        config.option.numprocesses, config.option.dist, config.option.tx = 0, "no", []
        config.option.distload = False
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and check what command line and ini file say."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(**settings): the test is a model, explored under every thread schedule if {FLAG} is given "
        "and skipped otherwise; the settings are those of scopedenv.sandbox.Sandbox",
    )
    options = pytest_options.read(config)
    if options.replay is not None:
        pytest_options.check_schedule(options.replay)
    config.stash[_OPTIONS] = options
    if options.enabled:
        config.pluginmanager.register(_Running())
    outer, project.rootdir = project.rootdir, str(config.rootpath)
    config.add_cleanup(lambda: setattr(project, "rootdir", outer))


# ----------------------------------------------------------------------------------------------- collection


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have the models skipped where nobody asked for them."""
    if config.stash[_OPTIONS].enabled:
        return
    for item in items:
        if _is_model(item):
            item.add_marker(pytest.mark.skip(reason=SKIP_REASON))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Insist on exactly one model for a replay."""
    config = session.config
    if config.stash[_OPTIONS].replay is None or config.option.collectonly:
        return
    if session.testsfailed and not config.option.continue_on_collection_errors:
        return  # pytest is about to stop, and to say which file could not be collected
    models = [item.nodeid for item in session.items if _is_model(item)]
    pytest_options.check_selection(models, len(session.items))


def _is_model(item: pytest.Item) -> bool:
    return item.get_closest_marker(MARKER) is not None


# ----------------------------------------------------------------------------------------------- setup and call


def _check_marker(item: pytest.Item) -> None:
    """Check the marker before any fixture is set up, but after pytest has decided about skip markers."""
    if _is_model(item):
        item.stash[_SANDBOX] = _sandbox_for(item)


def _sandbox_for(item: pytest.Item) -> Sandbox:
    try:
        return pytest_options.sandbox_for(item, item.config.stash[_OPTIONS])
    except MarkerError as error:
        text = f"{item.nodeid}: @pytest.mark.{MARKER}: {error}"
    item.stash[_MISUSE] = pytest.fail.Exception(text, pytrace=False)
    raise item.stash[_MISUSE]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    """Explore the marked test, or replay one schedule of it, instead of calling it."""
    if not _is_model(pyfuncitem):
        return None
    options = pyfuncitem.config.stash[_OPTIONS]
    if not options.enabled:  # the marker was added too late for the collection to see it
        pytest.skip(SKIP_REASON)
    sandbox = pyfuncitem.stash.get(_SANDBOX, None) or _sandbox_for(pyfuncitem)
    model = _model(pyfuncitem)
    exploration = sandbox.replay(model, options.replay) if options.replay else sandbox.explore(model)
    ending = _ending(exploration)
    _record(pyfuncitem, exploration, ending, replayed=bool(options.replay))
    _conclude(pyfuncitem, exploration, ending)
    return True


def _model(item: pytest.Function) -> Callable[[], object]:
    """The test with its arguments, and with skip and xfail as an outcome, so that they can be counted."""
    # As pytest calls it: only the fixtures that the function names, not those that it uses in other ways.
    test = functools.partial(item.obj, **{name: item.funcargs[name] for name in item._fixtureinfo.argnames})
    settle_pytest = _settle_pytest(item.config)

    def model() -> object:
        settle_pytest()
        try:
            returned = test()
        except (pytest.skip.Exception, pytest.xfail.Exception) as stop:
            return (_XFAIL if isinstance(stop, pytest.xfail.Exception) else _SKIP, str(stop))
        if inspect.isawaitable(returned) or inspect.isasyncgen(returned) or inspect.isgenerator(returned):
            raise TypeError(f"the model returned a {type(returned).__name__} that nobody has run")
        return returned

    functools.update_wrapper(model, item.obj)
    del vars(model)["__wrapped__"]  # whoever looks for the signature should find this one: no arguments
    # Tracebacks of findings leave out frames without a file, and this frame is nothing to the user.
    model.__code__ = model.__code__.replace(co_filename="<frozen scopedenv.pytest_plugin>")
    return model


def _settle_pytest(config: pytest.Config) -> Callable[[], None]:
    """What the sandbox process, and only that, is to change in pytest.

    To explain a failed assert, pytest asks ``os.environ`` about CI servers and colours. In a model these would
    be operations, and a schedule from a CI server would not fit at home. So the answer of now is kept, and
    there are no colours. (The names are private to pytest.)
    """
    modules = [module for name, module in sys.modules.items() if name.startswith("_pytest.")]
    answers = [(module, module.running_on_ci()) for module in modules if hasattr(module, "running_on_ci")]
    terminal = config.pluginmanager.get_plugin("terminalreporter")

    def settle() -> None:
        for module, answer in answers:
            vars(module)["running_on_ci"] = functools.partial(bool, answer)
        if terminal is not None:
            terminal._tw.hasmarkup = False

    return settle


def _ending(exploration: Exploration) -> _Ending:
    verdict, total = exploration.verdict.name, sum(exploration.outcomes.values())
    if exploration.findings:
        return _Ending("failed", verdict, exploration.reason)
    xfails = _stops(exploration, _XFAIL)
    if xfails:
        return _Ending("xfailed", "XFAILED", next(iter(xfails)))
    skips = _stops(exploration, _SKIP)
    skipped, reason = sum(skips.values()), next(iter(skips), "")
    if skips and (skipped < total or not exploration.ok):
        part = f"pytest.skip({reason!r}) was called in {skipped} of {total} executions"
        return _Ending("failed", "INCOMPLETE", f"{part}; what those schedules do was not checked")
    if skips:
        return _Ending("skipped", "SKIPPED", reason)
    return _Ending("passed" if exploration.ok else "failed", verdict, exploration.reason)


def _stops(exploration: Exploration, function: str) -> dict[str, int]:
    """The reasons with which executions called `function`, and how often."""
    return {
        outcome[1]: count
        for outcome, count in exploration.outcomes.items()
        if isinstance(outcome, tuple) and len(outcome) == 2 and outcome[0] == function
    }


def _conclude(item: pytest.Function, exploration: Exploration, ending: _Ending) -> None:
    """Raise what makes pytest report `ending`, and leave in the stash what the report is to show for it."""
    if ending.outcome == "passed":
        return
    if ending.outcome == "skipped":
        raised = _Raised(pytest.skip.Exception(ending.reason))
    elif ending.outcome == "xfailed":
        raised = _Raised(pytest.xfail.Exception(ending.reason))
    else:
        from scopedenv.sandbox import ModelFailure

        text = _failure_text(item, exploration, ending)
        _write_report(item, text)
        raised = _Raised(ModelFailure(exploration), text, _headline(exploration, ending))
    item.stash[_RAISED] = raised
    raise raised.exception


# ------------------------------------------------------------------------------------------------- failures


def _failure_text(item: pytest.Item, exploration: Exploration, ending: _Ending) -> str:
    paragraphs = [exploration.report().rstrip()]
    if not exploration.findings and exploration.ok:  # the failure is the plugin's own: see skip, above
        advice = "A model that has nothing to say about a schedule returns"
        paragraphs.insert(0, f"{ending.verdict}: {ending.reason}. {advice}.")
    commands = dict.fromkeys(pytest_options.replay_command(item, str(f.schedule)) for f in exploration.findings)
    if commands:
        paragraphs.append("\n".join(["To replay:", *commands]))
    return "\n\n".join(paragraphs)


def _headline(exploration: Exploration, ending: _Ending) -> str:
    """The one line that pytest's short summary has room for."""
    first = next(iter(exploration.findings), None)
    kind, message = (first.kind.name, first.message) if first else (ending.verdict, ending.reason)
    return f"{kind.lower()}: {message}".strip().partition("\n")[0]


def _write_report(item: pytest.Item, text: str) -> None:
    """Put `text` into the report directory, in one piece: xdist workers may write there too."""
    directory = item.config.stash[_OPTIONS].report
    if directory is None:
        return
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / _file_name(item.nodeid)
    unfinished = target.with_suffix(f".{os.getpid()}.part")
    unfinished.write_text(f"{item.nodeid}\n\n{text}\n", encoding="utf-8", errors="backslashreplace")
    unfinished.replace(target)


def _file_name(node_id: str) -> str:
    """A name that a person recognizes, with a checksum for what was lost on the way."""
    checksum = zlib.crc32(node_id.encode(errors="backslashreplace"))
    return f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', node_id)[-150:].strip('-.')}-{checksum:08x}.txt"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def _show_finding(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the exploration found, not a stack. Outermost: pytest has dealt with xfail before us."""
    report = yield
    raised, misuse = item.stash.get(_RAISED, None), item.stash.get(_MISUSE, None)
    if call.excinfo is None:
        return report
    if call.excinfo.value is misuse:  # an error even where the test is expected to fail
        report.outcome = "failed"
        vars(report).pop("wasxfail", None)
    elif raised is not None and call.excinfo.value is raised.exception:
        del item.stash[_RAISED]  # its traceback holds on to fixtures, and the item lives as long as the session
        path, line, _ = item.reportinfo()
        if raised.text:
            report.longrepr = _shown(call.excinfo, raised, str(path), (line or 0) + 1)
        elif report.skipped and isinstance(report.longrepr, tuple):
            report.longrepr = (str(path), (line or 0) + 1, report.longrepr[2])
    return report


def _shown(excinfo: pytest.ExceptionInfo[BaseException], raised: _Raised, path: str, line: int) -> Any:
    """As pytest shows pytest.fail(text, pytrace=False), which keeps its headline through pytest-xdist."""
    stand_in = pytest.fail.Exception(raised.text, pytrace=False).with_traceback(excinfo.tb)
    representation = pytest.ExceptionInfo.from_exception(stand_in).getrepr(style="value")
    crash = representation.reprcrash
    if crash is not None:
        crash.path, crash.lineno, crash.message = path, line, raised.headline
    return representation


class _Running:
    """The hooks of every test that only a run with the flag pays for."""

    pytest_runtest_setup = staticmethod(_check_marker)
    pytest_runtest_makereport = staticmethod(_show_finding)


# -------------------------------------------------------------------------------------------------- summary


def _record(item: pytest.Item, exploration: Exploration, ending: _Ending, *, replayed: bool) -> None:
    """Put the numbers where they travel with the report; plain values, since pytest-xdist serializes them."""
    numbers = {
        "verdict": ending.verdict,
        "reason": ending.reason,
        "executions": exploration.schedules,
        "seconds": round(float(exploration.statistics.seconds), 3),
        **({"replayed": True} if replayed else {}),
    }
    item.user_properties.extend((f"{MARKER}_{name}", value) for name, value in numbers.items())


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say that models run, and with which settings of command line and ini file."""
    options = config.stash[_OPTIONS]
    if not options.enabled:
        return None
    action = f"replay of {options.replay}" if options.replay else "on"
    return f"sandboxed models: {action} {pytest_options.arguments(options.settings)}".rstrip()


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """One line per model; the total only under -q; nothing under -qq."""
    models = sorted(_models(terminalreporter), key=lambda model: model[0])
    verbosity = terminalreporter.config.get_verbosity()
    if not models or verbosity < -1:
        return
    if verbosity == -1:
        verdicts = Counter(numbers["verdict"].lower() for _, _, numbers in models)
        total = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
        terminalreporter.write_line(f"sandboxed models: {total}")
        return
    terminalreporter.write_sep("=", "sandboxed models")
    for _, node_id, numbers in models:
        terminalreporter.write_line(_model_line(node_id, numbers, with_reason=verbosity > 0))


def _models(terminalreporter: TerminalReporter) -> Iterator[tuple[tuple[str, int, str], str, dict[str, Any]]]:
    """Place in the source, node id and numbers of each model that ran."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) != "call":
                continue
            numbers = {
                name.removeprefix(f"{MARKER}_"): value
                for name, value in report.user_properties
                if name.startswith(f"{MARKER}_")
            }
            if numbers:
                path, line, _ = report.location
                node_id = pytest_options.printed_node_id(terminalreporter.config, report.nodeid)
                yield (path, line or 0, node_id), node_id, numbers


def _model_line(node_id: str, numbers: dict[str, Any], *, with_reason: bool) -> str:
    if "replayed" in numbers:
        result = (
            "the replayed schedule passed" if numbers["verdict"] in {"PASSED", "BOUNDED"} else "replayed one schedule"
        )
    else:
        result = f"{numbers['executions']} execution" + ("" if numbers["executions"] == 1 else "s")
    with_reason = with_reason or numbers["verdict"] not in {"PASSED", "FAILED"}
    reason = f" - {numbers['reason']}" if with_reason and numbers["reason"] else ""
    return f"{numbers['verdict']:<10} {result}, {numbers['seconds']:.2f} s  {node_id}{reason}"
