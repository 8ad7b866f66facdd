"""What may be said of an exploration that has ended: the verdict, and a sentence of what was covered, what was not."""

from __future__ import annotations

import fnmatch

from . import strategies
from .result import Verdict
from .search.seen import Search
from .settings import Settings
from .tally import Tally


def judge(
    settings: Settings,
    tally: Tally,
    search: Search,
    limit: str | None,
    *,
    missed: tuple[str, ...],
    modules: tuple[str, ...],
) -> tuple[Verdict, str, bool]:
    """The verdict, its reason, and whether every schedule was run.

    Args:
        settings, tally, search: of the exploration.
        limit: the limit that ended it, as the end of a sentence; None if the search is exhausted.
        missed: locks that could not be put under control.
        modules: the modules whose memory was watched.
    """
    complete = False
    ran = f"{tally.executions} {'schedule' if tally.executions == 1 else 'schedules'}"
    if tally.discovering:
        ran += f", {tally.discovering} of them to see which memory the threads share"
    if limit is not None:
        covered = f"Stopped at {limit}: {ran} {'was' if tally.executions == 1 else 'were'} run{_share(tally, search)}"
        verdict = Verdict.BOUNDED
    elif search.pruned:
        bound = settings.preemption_bound
        covered = f"Every {_unit(settings)} with at most {bound} preemptions was run ({ran}); those with more were not"
        verdict = Verdict.BOUNDED
    elif tally.cut:
        covered = f"Not every {_unit(settings)} was run ({ran})"
        verdict = Verdict.INCOMPLETE
    elif tally.uncontrolled or missed:
        covered = f"{ran} were run, but not every {_unit(settings)} can have been"
        verdict = Verdict.INCOMPLETE
    else:
        covered = f"{strategies.everything(settings)} ({ran})"
        verdict = Verdict.PASSED
        complete = True
    if tally.cut:
        covered += f"; {tally.cut} of them {'was' if tally.cut == 1 else 'were'} cut, what comes after that is unknown"
    for pattern in _unmatched(settings, modules):
        covered += f"; instrument={pattern!r} matches no module that is loaded"
    if missed:
        covered += f"; locks could not be put under control: {', '.join(missed)}"
    if tally.uncontrolled:
        covered += f"; {uncontrolled(tally)}"
        verdict = Verdict.INCOMPLETE
    if tally.failing:
        failing = f"{tally.failing} of them {'fails' if tally.failing == 1 else 'fail'}"
        return Verdict.FAILED, f"{covered}; {failing}.", complete
    return verdict, f"{covered}; none failed.", complete


def uncontrolled(tally: Tally) -> str:
    """The calls in which threads were blocked, as the end of a sentence."""
    times = f"in {tally.uncontrolled} of them " if tally.executions > 1 else ""
    words = f"{times}a thread was blocked in a call that is not controlled: {', '.join(tally.calls)}"
    if tally.unfollowed:
        words += f" (so {tally.unfollowed} could not be followed to the end)"
    return words


def _unmatched(settings: Settings, modules: tuple[str, ...]) -> list[str]:
    """The patterns of `instrument` that name no module whose code is watched."""
    return [pattern for pattern in settings.instrument if not fnmatch.filter(modules, pattern)]


def _unit(settings: Settings) -> str:
    return "interleaving" if settings.strategy == "dfs" else "trace that has a schedule"


def _share(tally: Tally, search: Search) -> str:
    """How much of the whole the executions are, where that can be said."""
    seen = strategies.estimate_of(search)
    if seen is not None:
        return f", of about {seen.total} ({seen.low} at least), one of each trace"
    unseen = strategies.unseen_share(search)
    if unseen is not None:
        traces = strategies.traces_of(search, tally.executions - tally.discovering)
        return f", with {traces} different traces; about {unseen:.0%} of further ones would be new"
    return ", of an unknown number"
