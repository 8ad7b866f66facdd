"""The settings of sandboxed models as pytest gives them: options, ini values and markers, read and checked.

One table, :data:`OPTIONS`, says which values there are. Each has a command line option
``--sandboxed-model-NAME`` and an ini value ``sandboxed_model_NAME``. Who wins, setting by setting: the marker
(of these the one closest to the test), the command line, the ini file, the default of
:class:`scopedenv.sandbox.Sandbox`.

Reading options imports nothing of the sandbox, because pytest does it in every run; the functions that do
import it say so. For the same reason the records are named tuples here and in :mod:`scopedenv.pytest_plugin`: to
make a data class takes a millisecond.
"""

from __future__ import annotations

import inspect
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

if TYPE_CHECKING:
    from scopedenv.sandbox import Sandbox

MARKER: Final = "sandboxed_model"
FLAG: Final = "--sandboxed-model"
STRATEGIES: Final = ("dpor", "dfs", "random", "pct", "pos")
_SWITCH_INI: Final = "sandboxed_model"
_LISTED_AT_MOST: Final = 20


def _dest(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


class Option(NamedTuple):
    """One value that can be given at the command line and in an ini file.

    ``choices`` says in words which texts ``read`` takes; for others it raises ValueError. ``setting`` is the
    keyword of ``Sandbox`` that the value becomes, or None where the plugin itself uses it.
    """

    name: str
    metavar: str
    help: str
    choices: str
    read: Callable[[str], object]
    setting: str | None

    @property
    def flag(self) -> str:
        """The option as it stands on a command line."""
        return f"{FLAG}-{self.name}"

    @property
    def ini(self) -> str:
        """The name of the ini value, which is also where argparse keeps the option."""
        return _dest(self.flag)


class ModelOptions(NamedTuple):
    """What command line and ini file say together.

    ``settings`` are keywords for ``Sandbox``; only what somebody gave is in it. ``replay`` is the text of a
    schedule, ``report`` the directory for the reports of failing models.
    """

    enabled: bool
    settings: Mapping[str, object]
    replay: str | None
    report: Path | None


class MarkerError(Exception):
    """A ``sandboxed_model`` marker that cannot be followed; the message says why and what to do."""


# ----------------------------------------------------------------------------------------- values from text


def _whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if number < least:
            raise ValueError(text)
        return number

    return read


def _or_none(read: Callable[[str], object]) -> Callable[[str], object]:
    return lambda text: None if text.lower() == "none" else read(text)


def _seconds(text: str) -> float:
    number = float(text)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(text)
    return number


def _strategy(text: str) -> str:
    if text not in STRATEGIES:
        raise ValueError(text)
    return text


def _workers(text: str) -> int | str:
    return text if text == "auto" else _whole(1)(text)


def _text(text: str) -> str:
    if not text:
        raise ValueError(text)
    return text


OPTIONS: Final = (
    Option(
        "max-schedules", "N", "run at most N executions of a model",
        "a whole number from 1 up, or none for no limit", _or_none(_whole(1)), "max_schedules",
    ),
    Option(
        "max-seconds", "S", "explore a model for at most S seconds",
        "a number of seconds above 0, or none for no limit", _or_none(_seconds), "max_seconds",
    ),
    Option(
        "preemptions", "N", "explore only schedules with at most N preemptions",
        "a whole number from 0 up, or none for no bound", _or_none(_whole(0)), "preemption_bound",
    ),
    Option(
        "strategy", "NAME", f"how schedules are chosen: {', '.join(STRATEGIES)}",
        ", ".join(STRATEGIES), _strategy, "strategy",
    ),
    Option(
        "seed", "N", "the seed of the strategies that draw at random",
        "a whole number", int, "seed",
    ),
    Option(
        "workers", "N", "explore a model with N runners side by side (inside a pytest-xdist worker always 1)",
        "a whole number from 1 up, or auto", _workers, "workers",
    ),
    Option(
        "replay", "SCHEDULE", f"replay SCHEDULE in the one selected model; implies {FLAG}",
        "the text of a schedule as the report of a failure prints it", _text, None,
    ),
    Option(
        "report", "DIR", "write the report of each failing model to a text file in DIR",
        "a directory, which need not exist yet", _text, None,
    ),
)  # fmt: skip


# -------------------------------------------------------------------------------- command line and ini file


#: An ini file gives text. A native TOML table also gives numbers, which pytest passes on from version 9.2.
_INI_TYPE: Final[Any] = str | int | float if pytest.version_tuple >= (9, 2) else "string"


def declare(parser: pytest.Parser) -> None:
    """Tell `parser` about the switch and about everything in :data:`OPTIONS`."""
    group = parser.getgroup("sandboxed models", "model checking of threaded code (scopedenv)")
    group.addoption(FLAG, action="store_true", default=False, help=f"run the tests marked {MARKER}")
    parser.addini(_SWITCH_INI, f"the same as {FLAG} (true or false)", type="bool", default=False)
    for option in OPTIONS:
        group.addoption(option.flag, metavar=option.metavar, default=None, help=option.help)
        parser.addini(option.ini, f"as {option.flag}: {option.choices}", type=_INI_TYPE, default=None)


def read(config: pytest.Config) -> ModelOptions:
    """What command line and ini file of `config` say; pytest.UsageError names a bad value and the choices."""
    by_ini = bool(_ini(config, _SWITCH_INI, "true or false"))
    given = {option.name: found for option in OPTIONS if (found := _given(option, config)) is not None}
    return ModelOptions(
        enabled=config.getoption(_dest(FLAG)) or by_ini or "replay" in given,
        settings={o.setting: given[o.name].value for o in OPTIONS if o.setting and o.name in given},
        replay=str(given["replay"].value) if "replay" in given else None,
        report=_directory(given["report"], config) if "report" in given else None,
    )


class _Given(NamedTuple):
    value: object
    where: str
    choices: str
    at_command_line: bool


def _given(option: Option, config: pytest.Config) -> _Given | None:
    """The value of `option`, from the command line or else the ini file; None where neither has it."""
    at_command_line = config.getoption(option.ini) is not None
    found = config.getoption(option.ini) if at_command_line else _ini(config, option.ini, option.choices)
    if found is None:
        return None
    where = option.flag if at_command_line else f"ini value {option.ini}"
    try:
        value = option.read(str(found).strip())
    except ValueError:
        raise pytest.UsageError(f"{where}: {found!r} is not a valid value; give {option.choices}") from None
    return _Given(value, where, option.choices, at_command_line)


def _ini(config: pytest.Config, name: str, choices: str) -> object:
    try:
        return config.getini(name)
    except (ValueError, TypeError, pytest.UsageError) as error:  # which one depends on the version of pytest
        raise pytest.UsageError(f"ini value {name}: {error}; give {choices}") from None


def _directory(given: _Given, config: pytest.Config) -> Path:
    """Where reports go. A path starts at the working directory; one in an ini file, beside that file."""
    ini_folder = config.rootpath if config.inipath is None else config.inipath.parent
    directory = (config.invocation_params.dir if given.at_command_line else ini_folder) / str(given.value)
    nearest = next(folder for folder in (directory, *directory.parents) if folder.exists())
    if not nearest.is_dir():
        raise pytest.UsageError(
            f"{given.where}: {given.value!r} is not a valid value, {nearest} is a file; give {given.choices}"
        )
    return directory


# --------------------------------------------------------------------------------------------------- replay


def check_schedule(text: str) -> None:
    """Raise pytest.UsageError unless `text` is a schedule. Imports :mod:`scopedenv.sandbox`."""
    from scopedenv.sandbox import Schedule

    try:
        Schedule.parse(text)
    except ValueError as error:
        raise pytest.UsageError(f"{FLAG}-replay: {error}") from None


def check_selection(models: Sequence[str], selected: int) -> None:
    """Raise pytest.UsageError unless there is one model in `models`, node ids out of `selected` tests."""
    demand = f"{FLAG}-replay replays one schedule of one model, so exactly one must be selected"
    if not models:
        raise pytest.UsageError(f"{demand}, but none of the {selected} selected tests is marked {MARKER}")
    if len(models) > 1:
        more = len(models) - _LISTED_AT_MOST
        listed = [*models[:_LISTED_AT_MOST], *([f"… and {more} more"] if more > 0 else [])]
        raise pytest.UsageError("\n  ".join([f"{demand}, but there are {len(models)}:", *listed]))


def replay_command(item: pytest.Item, schedule: str) -> str:
    """What to type, where pytest was started, into a POSIX shell to replay `schedule` in `item`."""
    return f"pytest {_quoted(printed_node_id(item.config, item.nodeid))} {FLAG}-replay={_quoted(schedule)}"


def printed_node_id(config: pytest.Config, node_id: str) -> str:
    """`node_id`, whose path starts at the root directory, with a path from where pytest was started."""
    path, colons, names = node_id.partition("::")
    if config.invocation_params.dir == config.rootpath:
        return node_id
    return os.path.relpath(config.rootpath / path, config.invocation_params.dir) + colons + names


def _quoted(text: str) -> str:
    """`text` in single quotes, needed or not: brackets are safe in some shells only."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


# -------------------------------------------------------------------------------------------------- markers


def sandbox_for(item: pytest.Item, options: ModelOptions) -> Sandbox:
    """The sandbox in which `item` is explored. Imports :mod:`scopedenv.sandbox`.

    Raises MarkerError if `item` cannot be a model, if its markers are not understood, or if ``Sandbox``
    refuses the settings that markers and `options` give together.
    """
    from scopedenv.sandbox import Sandbox

    unfit = _unfit(item)
    if unfit is not None:
        raise MarkerError(f"the marker cannot be on {unfit}")
    settings = {**options.settings, **_settings_of_markers(item)}
    if hasattr(item.config, "workerinput"):  # set by pytest-xdist in its workers, and only there
        settings["workers"] = 1
    try:
        return Sandbox(**settings)
    except (TypeError, ValueError) as error:
        raise MarkerError(f"Sandbox({arguments(settings)}): {error}") from None


def arguments(settings: Mapping[str, object]) -> str:
    """`settings` as they are written in a call."""
    return ", ".join(f"{name}={value!r}" for name, value in settings.items())


def _unfit(item: pytest.Item) -> str | None:
    """Why `item` cannot be a model, as a noun with a remedy; None if it can."""
    if not isinstance(item, pytest.Function):
        return f"a {type(item).__name__}: only a test function or a method of a plain class can be a model"
    if _is_unittest(item.cls):
        return f"a method of a unittest.TestCase: make {item.cls.__name__} a plain class"
    test = item.obj
    if inspect.iscoroutinefunction(test) or inspect.isasyncgenfunction(test):
        return "an async function: write a plain function that runs the coroutine, as with asyncio.run()"
    if inspect.isgeneratorfunction(test):
        return "a generator function: a model is called and has to return, it cannot yield"
    if getattr(test, "is_hypothesis_test", False):
        return "a Hypothesis test, which draws its own examples: call Sandbox().check() inside it instead"
    return None


def _is_unittest(cls: type | None) -> bool:
    unittest = sys.modules.get("unittest")  # not imported: then nobody can have derived from it
    return unittest is not None and cls is not None and issubclass(cls, unittest.TestCase)


def _settings_of_markers(item: pytest.Item) -> dict[str, Any]:
    """The settings in the ``sandboxed_model`` markers of `item`, the closest marker winning for each."""
    settings: dict[str, Any] = {}
    for marker in _from_outer_to_inner(item):
        if marker.args:
            raise MarkerError(f"settings are given by name, not as positional arguments: {marker.args!r}")
        settings.update(marker.kwargs)
    return settings


def _from_outer_to_inner(item: pytest.Item) -> list[pytest.Mark]:
    """Module, class, function, and last the marks of ``pytest.param``, which pytest puts elsewhere."""
    markers = list(item.iter_markers(MARKER))[::-1]
    of_parameters = getattr(getattr(item, "callspec", None), "marks", ())
    return sorted(markers, key=lambda marker: any(marker is mark for mark in of_parameters))
