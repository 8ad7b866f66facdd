"""The words of the command line, and what ``--help`` teaches."""

from __future__ import annotations

import argparse
from typing import Any

from scopedenv import __version__

from . import explore, measure, replay, show

_STATUSES = """\
exit status:
  0    passed: every schedule was run and none failed (PASSED), or none within the limits you gave (BOUNDED)
  1    failed: a schedule fails; the report has it
  2    usage: no such module, function, file or setting; the message names the choices
  3    incomplete: what was asked could not be covered (INCOMPLETE); the report says why
  130  interrupted by Ctrl-C; nothing is left behind
"""

_DESCRIPTION = """\
A model checker for Python threads. A model is a function without arguments that starts threads, lets them work, and
asserts what must hold. It is run under every schedule that can make a difference, each in a process of its own.
"""

_EXAMPLES = """\
examples:
  scopedenv explore bank:model                     run every schedule of model() in bank.py
  scopedenv explore bank:model --max-seconds 60    as many as a minute allows
  scopedenv explore bank:model --failures failures keep what fails, and try it first the next time
  scopedenv replay bank:model 's1:0x2,0.1,0.2x3'   one schedule again, as a report prints it
  scopedenv replay failures/bank-model-1b2c.json   the same from a failure file
  scopedenv show failures/bank-model-1b2c.json     read a failure file without running anything
  scopedenv bench                                  what this machine can do

"""

_EXPLORE_EXAMPLES = """\
examples:
  scopedenv explore bank:model                              every schedule, in one process after the other
  scopedenv explore bank:model --workers auto               on all processors
  scopedenv explore bank:model --preemption-bound 2         most bugs need two preemptions at most
  scopedenv explore bank:model --strategy pos --seed 7      1,000 schedules at random
  scopedenv explore bank:model --checkpoint bank.json       Ctrl-C, and the same command goes on
  scopedenv explore bank:model --instrument 'queue'         watch the memory of a library, too
  scopedenv explore bank:model --json > result.json         for programs

MODULE is looked for in the current directory first. Memory is watched in the code below it that is not installed.

"""

_REPLAY_EXAMPLES = """\
examples:
  scopedenv replay bank:model 's1:0x2,0.1,0.2x3'
  scopedenv replay failures/bank-model-1b2c.json
  scopedenv replay failures/bank-model-1b2c.json --pdb          look at it in the debugger
  scopedenv replay failures/bank-model-1b2c.json --no-strict    after a change of the program

A failure file names its model and the settings that decide what an execution does; options on the command line go
before them.

"""

_SHOW_EXAMPLES = """\
examples:
  scopedenv show failures/bank-model-1b2c.json
  scopedenv show failures/bank-model-1b2c.json --html failure.html
  scopedenv show failures/bank-model-1b2c.json --trace failure.trace    open it in ui.perfetto.dev
  scopedenv show failures/bank-model-1b2c.json --test > tests/test_bank_schedule.py

Nothing of the program is imported or run, so the file may come from another machine.
"""


def parser() -> argparse.ArgumentParser:
    """The parser; every command's namespace has a `run`."""
    whole = _parser(prog="scopedenv", description=_DESCRIPTION, epilog=_EXAMPLES + _STATUSES)
    whole.add_argument("--version", action="version", version=f"scopedenv {__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add(commands, "explore", "run a model under every schedule", explore, _EXPLORE_EXAMPLES + _STATUSES)
    _add(commands, "replay", "run one schedule again", replay, _REPLAY_EXAMPLES + _STATUSES)
    _add(commands, "show", "show a failure file", show, _SHOW_EXAMPLES)
    _add(commands, "bench", "measure executions per second on this machine", measure, "")
    return whole


def _add(commands: Any, name: str, said: str, module: Any, epilog: str) -> None:
    command = commands.add_parser(
        name,
        help=said,
        description=f"{said[0].upper()}{said[1:]}.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(command)
    command.set_defaults(run=module.run)


def _parser(**words: Any) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(**words, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
