"""Options that are settings of ``Sandbox``: one row each. What a setting takes is checked where settings are."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from scopedenv.sandbox import Sandbox

from . import UsageError
from .functions import function_of


class Option(NamedTuple):
    """One option: the setting of the same name, with ``_`` for ``-``.

    Attributes:
        name: of the setting.
        metavar: what stands for its value; empty for a flag.
        read: text to value; for a flag the value itself. Functions are looked for later, when the command runs.
        said: what it is for.
        many: whether it may be given several times.
    """

    name: str
    metavar: str
    read: Any
    said: str
    many: bool = False

    @property
    def flag(self) -> str:
        """As it is written."""
        return "--" + self.name.replace("_", "-")


def _workers(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdigit() else text


#: What decides what one execution does; a replay takes these.
DECIDING = (
    Option("watch", "WHAT", str, "memory (default), or sync: locks, threads, the environment, Shared alone"),
    Option("instrument", "MODULES", str, "watch the memory of these modules too, such as 'pkg.*'; repeatable", True),
    Option("races", "HOW", str, "data races: report (default), fail, or ignore"),
    Option("forbid", "WHAT", str, "environ-leak: os.environ has to end as it began", True),
    Option("seed", "N", int, "seed of sampling, and of the model's chance (default: 0)"),
    Option("max_steps", "N", int, "longer executions are livelocks (default: 10000)"),
    Option("stall_seconds", "S", float, "so long nobody may be heard of (default: 5)"),
    Option("spurious_wakeups", "", True, "let Condition.wait also return without a notification"),
    Option("setup", "MODULE:FUNCTION", str, "called once, before the first execution"),
)

#: What decides which executions there are, and what becomes of them.
SEARCHING = (
    Option("strategy", "NAME", str, "dpor (default), dfs, random, pct or pos"),
    Option("preemption_bound", "K", int, "only what can happen with at most K preemptions"),
    Option("max_schedules", "N", int, "stop after N executions"),
    Option("max_seconds", "S", float, "stop after S seconds"),
    Option("workers", "N", _workers, "explore in N processes side by side; auto: as many as processors"),
    Option("deterministic", "", True, "with workers: the same numbers whenever it is done; costs some speed"),
    Option("failures", "DIR", str, "leave a failure file there, and try it first the next time"),
    Option("checkpoint", "FILE", str, "keep the state there; the same command goes on after an interruption"),
    Option("name", "NAME", str, "what the model is called in reports and failure files"),
)


def add_settings(parser: argparse.ArgumentParser, title: str, options: tuple[Option, ...]) -> None:
    """A group of options; those that are not given leave no trace."""
    group = parser.add_argument_group(title)
    for option in options:
        if not option.metavar:
            group.add_argument(option.flag, action="store_true", default=argparse.SUPPRESS, help=option.said)
            continue
        group.add_argument(
            option.flag,
            metavar=option.metavar,
            type=option.read,
            action="append" if option.many else "store",
            default=argparse.SUPPRESS,
            help=option.said,
        )


def settings_of(arguments: argparse.Namespace, options: tuple[Option, ...]) -> dict[str, Any]:
    """The settings that were given. Raises UsageError for a function that there is not."""
    given = {option.name: getattr(arguments, option.name) for option in options if hasattr(arguments, option.name)}
    if "setup" in given:
        given["setup"] = function_of(given["setup"])
    return given


def sandbox_of(settings: Mapping[str, Any]) -> Sandbox:
    """The sandbox with these settings. Raises UsageError naming the value and the choices."""
    try:
        return Sandbox(**settings)
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from None


def command(what: str, *words: str, arguments: argparse.Namespace) -> str:
    """The command line that does `what` with `words` and the deciding options that were given."""
    return " ".join(["scopedenv", what, *words, *map(shlex.quote, _given(arguments))])


def _given(arguments: argparse.Namespace) -> Iterator[str]:
    for option in DECIDING:
        if not hasattr(arguments, option.name):
            continue
        value = getattr(arguments, option.name)
        if not option.metavar:
            yield option.flag
            continue
        for each in value if option.many else (value,):
            yield from (option.flag, str(each))
