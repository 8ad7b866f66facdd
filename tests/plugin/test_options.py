"""Where settings come from, who wins, what is said about values that cannot be used. Nothing is run here."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import scopedenv.sandbox
from scopedenv import pytest_markers, pytest_options
from scopedenv.pytest_options import OPTIONS

Configured = Callable[..., pytest.Config]

#: Option, text, keyword of Sandbox, value.
GOOD = [
    ("max-schedules", "7", "max_schedules", 7),
    ("max-schedules", "none", "max_schedules", None),
    ("max-seconds", "0.5", "max_seconds", 0.5),
    ("max-seconds", "none", "max_seconds", None),
    ("preemptions", "0", "preemption_bound", 0),
    ("preemptions", "None", "preemption_bound", None),
    ("strategy", "pct", "strategy", "pct"),
    ("seed", "-3", "seed", -3),
    ("workers", "2", "workers", 2),
    ("workers", "auto", "workers", "auto"),
]

#: Option, text, a part of the choices.
BAD = [
    ("max-schedules", "0", "a whole number from 1 up, or none"),
    ("max-schedules", "1.5", "a whole number from 1 up, or none"),
    ("max-seconds", "0", "a number of seconds above 0, or none"),
    ("max-seconds", "inf", "a number of seconds above 0, or none"),
    ("max-seconds", "nan", "a number of seconds above 0, or none"),
    ("preemptions", "-1", "a whole number from 0 up, or none"),
    ("strategy", "bogus", "dpor, dfs, random, pct, pos"),
    ("strategy", "", "dpor, dfs, random, pct, pos"),
    ("seed", "x", "a whole number"),
    ("workers", "none", "a whole number from 1 up, or auto"),
    ("replay", "", "the text of a schedule"),
    ("report", "", "a directory"),
    ("failures", "", "a directory, which need not exist yet, or none"),
]


def _ini(pytester: pytest.Pytester, **values: str) -> None:
    pytester.makeini("[pytest]\n" + "".join(f"{name} = {value}\n" for name, value in values.items()))


def _ini_name(option: str) -> str:
    return "sandboxed_model_" + option.replace("-", "_")


def test_nothing_given_leaves_everything_to_the_sandbox(configured: Configured) -> None:
    config = configured()
    assert pytest_options.read(config) == pytest_options.ModelOptions(
        enabled=False,
        settings={},
        replay=None,
        report=None,
        failures=config.rootpath / ".scopedenv" / "failures",
        beside=config.invocation_params.dir,
    )


@pytest.mark.parametrize(("option", "text", "setting", "value"), GOOD)
def test_command_line(configured: Configured, option: str, text: str, setting: str, value: object) -> None:
    options = pytest_options.read(configured(f"--sandboxed-model-{option}={text}"))
    assert options.settings == {setting: value}
    assert not options.enabled


@pytest.mark.parametrize(("option", "text", "setting", "value"), GOOD)
def test_ini(
    pytester: pytest.Pytester, configured: Configured, option: str, text: str, setting: str, value: object
) -> None:
    _ini(pytester, **{_ini_name(option): text})
    assert pytest_options.read(configured()).settings == {setting: value}


def test_numbers_of_a_native_toml_table(pytester: pytest.Pytester, configured: Configured) -> None:
    if pytest.version_tuple < (9, 2):
        pytest.skip("this pytest takes texts only")
    pytester.makepyprojecttoml(
        "[tool.pytest]\nsandboxed_model = true\nsandboxed_model_max_seconds = 2.5\nsandboxed_model_seed = 4\n"
    )
    options = pytest_options.read(configured())
    assert options.enabled
    assert options.settings == {"max_seconds": 2.5, "seed": 4}


@pytest.mark.parametrize(("option", "text", "choices"), BAD)
def test_bad_value_at_the_command_line(configured: Configured, option: str, text: str, choices: str) -> None:
    with pytest.raises(pytest.UsageError) as raised:
        configured(f"--sandboxed-model-{option}={text}")
    assert f"--sandboxed-model-{option}: {text!r} is not a valid value" in str(raised.value)
    assert choices in str(raised.value)


@pytest.mark.parametrize(("option", "text", "choices"), BAD)
def test_bad_value_in_an_ini_file(
    pytester: pytest.Pytester, configured: Configured, option: str, text: str, choices: str
) -> None:
    _ini(pytester, **{_ini_name(option): text})
    with pytest.raises(pytest.UsageError) as raised:
        configured()
    assert f"ini value {_ini_name(option)}: {text!r} is not a valid value" in str(raised.value)
    assert choices in str(raised.value)


def test_bad_switch_in_an_ini_file(pytester: pytest.Pytester, configured: Configured) -> None:
    _ini(pytester, sandboxed_model="perhaps")
    with pytest.raises(pytest.UsageError, match=r"ini value sandboxed_model: .*'perhaps'.*give true or false"):
        configured()


def test_bad_schedule(configured: Configured) -> None:
    with pytest.raises(pytest.UsageError, match="--sandboxed-model-replay: 'rubbish' is not a schedule"):
        configured("--sandboxed-model-replay=rubbish")


def test_report_directory_that_is_a_file(pytester: pytest.Pytester, configured: Configured) -> None:
    pytester.path.joinpath("file").write_text("")
    with pytest.raises(pytest.UsageError, match=r"--sandboxed-model-report: 'file/reports' .* is a file"):
        configured("--sandboxed-model-report=file/reports")


@pytest.mark.parametrize("ini", ["true", "1", "false"])
def test_the_switch_in_the_ini_file(pytester: pytest.Pytester, configured: Configured, ini: str) -> None:
    _ini(pytester, sandboxed_model=ini)
    assert pytest_options.read(configured()).enabled is (ini != "false")


def test_the_flag_goes_before_the_ini_file(pytester: pytest.Pytester, configured: Configured) -> None:
    _ini(pytester, sandboxed_model="false")
    assert pytest_options.read(configured("--sandboxed-model")).enabled


def test_replay_implies_the_flag(configured: Configured) -> None:
    options = pytest_options.read(configured("--sandboxed-model-replay=s1:0x2"))
    assert options.enabled
    assert options.replay == "s1:0x2"


def test_report_paths_start_where_they_were_written(pytester: pytest.Pytester, configured: Configured) -> None:
    _ini(pytester, sandboxed_model_report="reports")
    folder = pytester.mkdir("below")
    root = f"--rootdir={pytester.path}"
    pytester.chdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert pytest_options.read(configured(root)).report == pytester.path / "reports"
        at_command_line = configured(root, "--sandboxed-model-report=reports")
        assert pytest_options.read(at_command_line).report == folder / "reports"


def test_no_failure_files_if_none_are_wanted(pytester: pytest.Pytester, configured: Configured) -> None:
    _ini(pytester, sandboxed_model_failures="kept")
    assert pytest_options.read(configured()).failures == pytester.path / "kept"
    assert pytest_options.read(configured("--sandboxed-model-failures=none")).failures is None


def test_every_option_is_in_the_help(pytester: pytest.Pytester, configured: Configured) -> None:
    text = configured()._parser.optparser.format_help()
    for option in OPTIONS:
        assert option.flag in text


# ----------------------------------------------------------------------------------------------- precedence


class _Recorded:
    """In the place of Sandbox: takes what it takes, and remembers it."""

    def __init__(
        self,
        *,
        strategy: str = "dpor",
        preemption_bound: int | None = None,
        max_schedules: int | None = None,
        max_seconds: float | None = None,
        seed: int = 0,
        workers: int = 1,
        on_progress: object = None,
        failures: str | None = None,
        name: str | None = None,
    ) -> None:
        self.given = dict(vars())
        del self.given["self"]


def _recorded(item: pytest.Item, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    monkeypatch.setattr(scopedenv.sandbox, "Sandbox", _Recorded)
    prepared = pytest_markers.prepare(item, pytest_options.read(item.config))
    assert str(prepared.failures) == prepared.sandbox.given["failures"]  # type: ignore[attr-defined]
    given: dict[str, object] = prepared.sandbox.given  # type: ignore[attr-defined]
    return given


MARKED = """
import pytest

pytestmark = pytest.mark.sandboxed_model(seed=1, max_seconds=1, max_schedules=1)


@pytest.mark.sandboxed_model(seed=2, max_seconds=2)
class TestClass:
    @pytest.mark.sandboxed_model(seed=3)
    @pytest.mark.parametrize("x", [0, pytest.param(1, marks=pytest.mark.sandboxed_model(seed=4))])
    def test_method(self, x):
        pass


def test_function():
    pass
"""


@pytest.fixture
def items(pytester: pytest.Pytester, configured: Configured) -> dict[str, pytest.Item]:
    _ini(
        pytester,
        sandboxed_model_max_schedules="20",
        sandboxed_model_preemptions="20",
        sandboxed_model_seed="20",
    )
    path = pytester.makepyfile(MARKED)
    config = configured("--sandboxed-model-preemptions=10", "--sandboxed-model-seed=10", str(path))
    session = pytest.Session.from_config(config)
    config.hook.pytest_sessionstart(session=session)
    found = {item.name: item for item in session.perform_collect()}
    assert list(found) == ["test_method[0]", "test_method[1]", "test_function"]
    return found


@pytest.mark.parametrize(
    ("name", "seed", "max_seconds"),
    [("test_method[0]", 3, 2), ("test_method[1]", 4, 2), ("test_function", 1, 1)],
)
def test_marker_command_line_ini_default(
    items: dict[str, pytest.Item], monkeypatch: pytest.MonkeyPatch, name: str, seed: int, max_seconds: float
) -> None:
    given = _recorded(items[name], monkeypatch)
    assert given["seed"] == seed, "the closest marker"
    assert given["max_seconds"] == max_seconds, "the closest marker that has it"
    assert given["max_schedules"] == 1, "a marker rather than the ini file"
    assert given["preemption_bound"] == 10, "the command line rather than the ini file"
    assert given["strategy"] == "dpor", "the default"
    assert given["name"] == items[name].nodeid


@pytest.mark.parametrize("inside", [False, True])
def test_one_runner_inside_an_xdist_worker(
    pytester: pytest.Pytester, configured: Configured, monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    item = pytester.getitem("import pytest\n@pytest.mark.sandboxed_model(workers=2)\ndef test_it(): pass", "test_it")
    config = configured("--sandboxed-model-workers=3")
    if inside:
        monkeypatch.setattr(config, "workerinput", {"workerid": "gw0"}, raising=False)
    monkeypatch.setattr(item, "config", config)
    assert _recorded(item, monkeypatch)["workers"] == (1 if inside else 2)
