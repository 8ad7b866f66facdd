"""A replay under pytest: which schedule, of which model, and the command that a report prints for it.

A schedule is given as its text, or by the failure file that it is in. The file says of which model it is: without
a selection that model is collected; where several are selected, the others are left out. Reading a file runs no
code.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from scopedenv.pytest_markers import Prepared, name_of
from scopedenv.pytest_options import FLAG, MARKER, ModelOptions

if TYPE_CHECKING:
    from scopedenv.sandbox import Exploration
    from scopedenv.sandbox.failure_file import SavedFailure

_OPTION: Final = f"{FLAG}-replay"
_SCHEDULE: Final = "s1:"
_LISTED_AT_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Replay:
    """The text of the schedule, and the failure file that it comes from, if it does."""

    schedule: str
    saved: SavedFailure | None = None

    def __str__(self) -> str:
        return self.schedule if self.saved is None else os.fspath(self.saved.path)


def read_replay(options: ModelOptions) -> Replay:
    """What `options` ask to replay; pytest.UsageError says what is wrong. Imports :mod:`scopedenv.sandbox`."""
    from scopedenv.sandbox import Schedule
    from scopedenv.sandbox.failure_file import FailureFileError, read_failure

    text = str(options.replay)
    path = options.beside / text
    try:
        if text.startswith(_SCHEDULE) or not os.path.lexists(path):
            return Replay(str(Schedule.parse(text)))
        saved = read_failure(path)
    except FailureFileError as error:
        raise pytest.UsageError(f"{_OPTION}: {error}") from None
    except ValueError as error:
        other = "" if text.startswith(_SCHEDULE) else f"; nor is there a failure file {path}"
        raise pytest.UsageError(f"{_OPTION}: {error}{other}") from None
    except OSError as error:
        raise pytest.UsageError(f"{_OPTION}: {text!r} cannot be read: {error.strerror or error}") from None
    return Replay(str(saved.schedule), saved)


def collect_model(config: pytest.Config, replay: Replay) -> None:
    """Have the model of the failure file collected, if nobody said what to collect."""
    if replay.saved is None or config.args_source is pytest.Config.ArgsSource.ARGS:
        return
    path, colons, names = replay.saved.model.partition("::")
    if colons:  # else the model has a name of its own, and is looked for among all
        config.args = [f"{config.rootpath / path}::{names}"]


def select(replay: Replay, items: list[pytest.Item]) -> list[pytest.Item]:
    """Leave in `items` the model of the failure file alone, if it is there; those that were taken out."""
    if replay.saved is None:
        return []
    chosen = [item for item in items if is_model(item) and name_of(item) == replay.saved.model]
    if not chosen:
        return []
    rest = [item for item in items if item not in chosen]
    items[:] = chosen
    return rest


def is_model(item: pytest.Item) -> bool:
    """Whether `item` is marked."""
    return item.get_closest_marker(MARKER) is not None


def check_selection(replay: Replay, items: Sequence[pytest.Item]) -> None:
    """Raise pytest.UsageError unless there is one model among `items`, and the one of the failure file."""
    models = [item for item in items if is_model(item)]
    demand = f"{_OPTION} replays one schedule of one model, so exactly one must be selected"
    if not models:
        raise pytest.UsageError(f"{demand}, but none of the {len(items)} selected tests is marked {MARKER}")
    saved = replay.saved
    if saved is not None and name_of(models[0]) != saved.model:
        raise pytest.UsageError(
            f"{_OPTION}: {saved.path} is of the model {saved.model}, which is not selected; selected is "
            + ", ".join(item.nodeid for item in models[:_LISTED_AT_MOST])
        )
    if len(models) > 1:
        more = len(models) - _LISTED_AT_MOST
        listed = [item.nodeid for item in models[:_LISTED_AT_MOST]]
        listed += [f"… and {more} more"] if more > 0 else []
        raise pytest.UsageError("\n  ".join([f"{demand}, but there are {len(models)}:", *listed]))


def run_replay(
    config: pytest.Config, prepared: Prepared, model: Callable[[], object], replay: Replay
) -> tuple[Exploration, list[str]]:
    """Run the schedule in `model`; what came of it, and what there is to know about the failure file.

    With ``--pdb`` the execution has the terminal, and a debugger of its own.

    A schedule from a file that the program does not follow any more is run again, as far as it can be followed: the
    file is of another day, and whether the failure is still there is the question.
    """
    from scopedenv.sandbox import FindingKind

    if config.option.usepdb:
        with _terminal(config):
            result = prepared.sandbox.replay(model, replay.schedule, debug=True)
        return result, [] if replay.saved is None else _differences(replay.saved, model)
    result = prepared.sandbox.replay(model, replay.schedule)
    saved = replay.saved
    if saved is None:
        return result, []
    notes = _differences(saved, model)
    unfit = any(finding.kind is FindingKind.NONDETERMINISM for finding in result.findings)
    if unfit and saved.finding.kind is not FindingKind.NONDETERMINISM:
        notes.append("The program does not follow the schedule any more; it was run as far as it can be followed.")
        result = prepared.sandbox.replay(model, replay.schedule, strict=False)
    return result, notes


@contextlib.contextmanager
def _terminal(config: pytest.Config) -> Iterator[None]:
    """Have the terminal, and no debugger of pytest's afterwards: the stack here is the plugin's, not the model's."""
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.suspend(in_=True)
    if config.pluginmanager.hasplugin("pdbinvoke"):
        config.pluginmanager.unregister(name="pdbinvoke")
    try:
        yield
    finally:
        if capture is not None:
            capture.resume()


def _differences(saved: SavedFailure, model: Callable[[], object]) -> list[str]:
    """What is not as it was when the file was written, in sentences."""
    from scopedenv.sandbox.program import digest_of, versions

    notes = []
    if saved.program != digest_of(model, ()):
        notes.append(f"The test, or its file, is not the one of which {saved.path.name} was written ({saved.written}).")
    now = versions()
    changed = [
        f"{'Python' if name == 'python' else name} {saved.versions[name]}, not {now.get(name, 'there')}"
        for name in saved.versions
        if saved.versions[name] != now.get(name)
    ]
    if changed:
        notes.append(f"{saved.path.name} was written on {'; on '.join(changed)}.")
    return notes


def replay_command(item: pytest.Item) -> str:
    """What to type, where pytest was started, into a POSIX shell; ``{schedule}`` in it stands for the schedule."""
    node_id = _quoted(printed_node_id(item.config, item.nodeid)).replace("{", "{{").replace("}", "}}")
    return f"pytest {node_id} {_OPTION}='{{schedule}}'"


def printed_node_id(config: pytest.Config, node_id: str) -> str:
    """`node_id`, whose path starts at the root directory, with a path from where pytest was started."""
    path, colons, names = node_id.partition("::")
    if config.invocation_params.dir == config.rootpath:
        return node_id
    return os.path.relpath(config.rootpath / path, config.invocation_params.dir) + colons + names


def _quoted(text: str) -> str:
    """`text` in single quotes, needed or not: brackets are safe in some shells only."""
    return "'" + text.replace("'", "'\"'\"'") + "'"
