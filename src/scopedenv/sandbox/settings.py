"""The settings of a sandbox: one frozen object, checked as a whole before anything runs."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

STRATEGIES = ("dpor", "dfs", "random", "pct", "pos")
WATCH = ("sync", "memory")
RACES = ("ignore", "report", "fail")
FORBID = ("environ-leak",)
_BOUNDABLE = ("dpor", "dfs")
_PASSING = frozenset({"on_progress", "failures", "name", "executor", "workers", "checkpoint"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """See :class:`scopedenv.sandbox.Sandbox` for what each setting means."""

    strategy: str = "dpor"
    preemption_bound: int | None = None
    max_schedules: int | None = None
    max_seconds: float | None = None
    max_steps: int = 10_000
    stall_seconds: float = 5.0
    seed: int = 0
    workers: int | str = 1
    executor: Any = None
    deterministic: bool = False
    checkpoint: Any = None
    on_progress: Callable[[Any], object] | None = None
    stop_at_first: bool = True
    minimize: bool = True
    watch: str = "memory"
    instrument: tuple[str, ...] = ()
    races: str = "report"
    forbid: tuple[str, ...] = ()
    spurious_wakeups: bool = False
    setup: Callable[[], object] | None = None
    failures: Any = None
    name: str | None = None

    def __post_init__(self) -> None:
        """Raise TypeError or ValueError naming the value and the choices."""
        _one_of("strategy", self.strategy, STRATEGIES)
        _one_of("watch", self.watch, WATCH)
        _one_of("races", self.races, RACES)
        _whole("preemption_bound", self.preemption_bound, least=0, optional=True)
        _whole("max_schedules", self.max_schedules, least=1, optional=True)
        _whole("max_steps", self.max_steps, least=1)
        _whole("seed", self.seed)
        _seconds("max_seconds", self.max_seconds, optional=True)
        _seconds("stall_seconds", self.stall_seconds)
        _flag("stop_at_first", self.stop_at_first)
        _flag("minimize", self.minimize)
        _flag("spurious_wakeups", self.spurious_wakeups)
        _callable("on_progress", self.on_progress)
        _callable("setup", self.setup)
        for name, choices in (("forbid", FORBID), ("instrument", None)):
            value = getattr(self, name)
            if isinstance(value, str) or not all(isinstance(item, str) for item in _items(name, value)):
                raise TypeError(f"{name} takes a tuple of strings, not {value!r}")
            for item in value if choices else ():
                _one_of(name, item, choices or ())
            object.__setattr__(self, name, tuple(value))
        if isinstance(self.workers, str):
            _one_of("workers", self.workers, ("auto",))
        else:
            _whole("workers", self.workers, least=1)
        if self.checkpoint is not None and not isinstance(self.checkpoint, (str, os.PathLike)):
            raise TypeError(f"checkpoint takes a path or None, not {self.checkpoint!r}")
        _flag("deterministic", self.deterministic)
        if self.executor is not None and not callable(getattr(self.executor, "submit", self.executor)):
            raise TypeError(
                "executor takes a concurrent.futures.Executor, a callable that returns one, or None, not"
                f" {self.executor!r}"
            )
        if self.failures is not None and not isinstance(self.failures, (str, os.PathLike)):
            raise TypeError(f"failures takes the path of a folder or None, not {self.failures!r}")
        if self.name is not None and not isinstance(self.name, str):
            raise TypeError(f"name takes a string or None, not {self.name!r}")
        self._refuse_combinations()

    def _refuse_combinations(self) -> None:
        if self.races == "fail" and self.watch == "sync":
            raise ValueError("races='fail' needs watch='memory': races are found by watching memory")
        if self.instrument and self.watch == "sync":
            raise ValueError(f"instrument={self.instrument!r} needs watch='memory'")
        if self.checkpoint is not None and self.strategy != "dpor" and (self.workers != 1 or self.executor is not None):
            raise ValueError(
                f"checkpoint={self.checkpoint!r} together with workers or an executor needs strategy='dpor', not"
                f" {self.strategy!r}"
            )
        if self.preemption_bound is not None and self.strategy not in _BOUNDABLE:
            raise ValueError(
                f"preemption_bound={self.preemption_bound!r} bounds the strategies {', '.join(map(repr, _BOUNDABLE))};"
                f" strategy={self.strategy!r} does not take one"
            )

    def changed(self) -> dict[str, str]:
        """The settings that are not the default, as their reprs."""
        return {
            field.name: repr(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }

    def lasting(self) -> dict[str, str]:
        """The same without those that say nothing of what is explored, and are of no use to another process."""
        return {name: value for name, value in self.changed().items() if name not in _PASSING}

    @property
    def runners(self) -> int:
        """How many workers there are: for "auto" the processors that this process may use, 1 inside an xdist worker."""
        if self.workers != "auto":
            return int(self.workers)
        if "PYTEST_XDIST_WORKER" in os.environ:
            return 1
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _items(name: str, value: Any) -> list[Any]:
    try:
        return list(value)
    except TypeError:
        raise TypeError(f"{name} takes a tuple of strings, not {value!r}") from None


def _one_of(name: str, value: Any, choices: tuple[str, ...]) -> None:
    listed = ", ".join(map(repr, choices))
    if not isinstance(value, str):
        raise TypeError(f"{name} takes one of {listed}, not {value!r}")
    if value not in choices:
        raise ValueError(f"{name}={value!r} is unknown; choose one of {listed}")


def _whole(name: str, value: Any, *, least: int | None = None, optional: bool = False) -> None:
    if optional and value is None:
        return
    or_none = " or None" if optional else ""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} takes a whole number{or_none}, not {value!r}")
    if least is not None and value < least:
        raise ValueError(f"{name}={value!r} is too small; it takes {least} or more{or_none}")


def _seconds(name: str, value: Any, *, optional: bool = False) -> None:
    if optional and value is None:
        return
    or_none = " or None" if optional else ""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{name} takes a number of seconds{or_none}, not {value!r}")
    if not 0 < value < float("inf"):
        raise ValueError(f"{name}={value!r} is out of range; it takes a positive number of seconds{or_none}")


def _flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{name} takes True or False, not {value!r}")


def _callable(name: str, value: Any) -> None:
    if value is not None and not callable(value):
        raise TypeError(f"{name} takes a callable or None, not {value!r}")
