"""The settings of sandboxed models as pytest gives them: options and ini values, read and checked.

One table, :data:`OPTIONS`, says which values there are. Each has a command line option
``--sandboxed-model-NAME`` and an ini value ``sandboxed_model_NAME``. Who wins, setting by setting: the marker
(of these the one closest to the test), the command line, the ini file, the default of
:class:`scopedenv.sandbox.Sandbox`.

Reading options imports nothing of the sandbox, because pytest does it in every run. For the same reason the records
are named tuples: to make a data class takes a millisecond.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

MARKER: Final = "sandboxed_model"
FLAG: Final = "--sandboxed-model"
SKIP_REASON: Final = f"a sandboxed model; give {FLAG} to run it"
STRATEGIES: Final = ("dpor", "dfs", "random", "pct", "pos")
_SWITCH_INI: Final = "sandboxed_model"
#: Where failure files go unless somebody says otherwise, under the root directory.
FAILURES: Final = (".scopedenv", "failures")


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
    schedule or a path, which starts at ``beside``; ``report`` is the directory for the reports of failing models,
    ``failures`` the one for failure files.
    """

    enabled: bool
    settings: Mapping[str, object]
    replay: str | None
    report: Path | None
    failures: Path | None
    beside: Path


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
        "replay", "SCHEDULE", f"replay SCHEDULE, or that of a failure file, in one model; implies {FLAG}",
        "the text of a schedule as the report of a failure prints it, or the path of a failure file", _text, None,
    ),
    Option(
        "failures", "DIR", "keep the failing schedule of each model in DIR and try it first the next time",
        "a directory, which need not exist yet, or none", _or_none(_text), None,
    ),
    Option(
        "report", "DIR", "write what there is to know about each failing model into DIR",
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
        failures=_failures(given.get("failures"), config),
        beside=_beside(given["replay"], config) if "replay" in given else config.invocation_params.dir,
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


def _failures(given: _Given | None, config: pytest.Config) -> Path | None:
    if given is None:
        return config.rootpath.joinpath(*FAILURES)
    return None if given.value is None else _directory(given, config)


def _beside(given: _Given, config: pytest.Config) -> Path:
    """Where a path starts: at the working directory, or beside the ini file that it is in."""
    if given.at_command_line:
        return config.invocation_params.dir
    return config.rootpath if config.inipath is None else config.inipath.parent


def _directory(given: _Given, config: pytest.Config) -> Path:
    directory = _beside(given, config) / str(given.value)
    nearest = next(folder for folder in (directory, *directory.parents) if folder.exists())
    if not nearest.is_dir():
        raise pytest.UsageError(
            f"{given.where}: {given.value!r} is not a valid value, {nearest} is a file; give {given.choices}"
        )
    return directory
