"""What an exploration has seen so far: counts, outcomes, findings. Can be written as plain data and read back.

Reading back runs no code: values are written with a tag for their type, and where checkpoints are kept, an outcome
that would need pickling is counted by its repr from the start.
"""

from __future__ import annotations

import base64
import marshal
import sys
from collections import Counter
from typing import Any

from .child.process import unpickled
from .findings import findings_of
from .races import races_of
from .records import plain_finding, plain_race, read_finding, read_race
from .result import Finding, FindingKind, Race
from .run.execution import Ending, Execution

#: Endings after which the model would have gone on; what it would have done, and in which orders, nobody has seen.
_CUT = frozenset({Ending.HANG, Ending.STEP_LIMIT, Ending.DIVERGED})
#: So many different findings are minimized.
_MOST_MINIMIZED = 5
#: So many different uncontrolled calls are named.
_MOST_CALLS = 3
_COUNTS = (
    *("executions", "steps", "messages", "longest", "cut", "failing"),
    *("uncontrolled", "unfollowed", "discovering"),
)
_SUMS = tuple(name for name in _COUNTS if name not in ("longest", "discovering"))


class Tally:
    """Counts of one exploration.

    Attributes:
        executions, steps, messages, longest: as in ``Statistics``.
        cut: executions that were cut, so that what comes after is unknown.
        failing: executions with a finding.
        uncontrolled: executions in which a thread was blocked in a call that nobody controls.
        unfollowed: executions that did not follow their plan where such calls are the likely reason.
        suspicious: whether such calls were seen elsewhere in the exploration.
        calls: the first few such calls, in words.
        findings: in the order in which they were found.
        to_minimize: place in `findings` -> the execution, for the first finding of each sort.

        races: data races, each once.
        watched: the families of memory whose accesses are operations.
        discovering: executions before the last time that `watched` grew.
        settled: whether the tally and the search are of the same executions. Not so while something is being learnt:
            who is interrupted there has a state that nobody may go on from.

    Args:
        plain_outcomes: count outcomes that are not plain data by their repr.
        races: what a data race is: see ``Settings.races``.
    """

    def __init__(self, *, plain_outcomes: bool = False, races: str = "ignore") -> None:
        self._plain_outcomes = plain_outcomes
        self._race_mode = races
        self.races: dict[Any, Race] = {}
        self.watched: frozenset[str] = frozenset()
        self.discovering = 0
        self.executions = self.steps = self.messages = self.longest = self.cut = self.failing = 0
        self.uncontrolled = self.unfollowed = 0
        self.suspicious = False
        self.settled = True
        self.calls: list[str] = []
        self.findings: list[Finding] = []
        self.to_minimize: dict[int, Execution] = {}
        self._packed: Counter[tuple[str, bytes]] = Counter()
        self._sorts: set[tuple[Any, ...]] = set()

    def add(self, execution: Execution) -> None:
        """One more execution."""
        self.executions += 1
        self.steps += len(execution.steps)
        self.messages += execution.messages
        self.longest = max(self.longest, len(execution.steps))
        self.cut += execution.ending in _CUT
        if self._race_mode != "ignore":
            for race in races_of(execution):
                self.races.setdefault(_same_race(race), race)
        found = self._findings_of(execution)
        self.failing += bool(found)
        if found:
            self._minimize(len(self.findings), found[0], execution)
        self.findings.extend(found)
        if execution.value is not None and execution.ending is Ending.DONE:
            form, value = execution.value_form, execution.value
            if self._plain_outcomes and form == "pickle":
                form, value = "repr", repr(_unpacked(form, value)).encode(errors="backslashreplace")
            self._packed[form, value] += 1

    def merge(self, other: Tally) -> None:
        """What another tally of the same exploration has seen, as if it had been seen here next."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.longest = max(self.longest, other.longest)
        for race in other.races.values():
            self.races.setdefault(_same_race(race), race)
        for place, execution in other.to_minimize.items():
            self._minimize(len(self.findings) + place, other.findings[place], execution)
        self.findings.extend(other.findings)
        for call in other.calls:
            self._name_call(call)
        self._packed.update(other._packed)
        if other.watched - self.watched:
            self.watched |= other.watched
            self.discovering = self.executions

    def _minimize(self, place: int, finding: Finding, execution: Execution) -> None:
        if sort_of(finding) not in self._sorts and len(self._sorts) < _MOST_MINIMIZED:
            self._sorts.add(sort_of(finding))
            self.to_minimize[place] = execution

    def _name_call(self, call: str) -> None:
        if call not in self.calls and len(self.calls) < _MOST_CALLS:
            self.calls.append(call)

    def grow(self, execution: Execution) -> bool:
        """Watch what raced in `execution`; whether that is new, so that the exploration has to begin anew."""
        families = {race.family for race in execution.races if race.family} - self.watched
        if families:
            self.watched |= families
            self.discovering = self.executions
        return bool(families)

    def _findings_of(self, execution: Execution) -> tuple[Finding, ...]:
        """The findings. Where uncontrolled calls were seen, that a plan could not be followed is no news."""
        self.uncontrolled += bool(execution.uncontrolled)
        for call in execution.uncontrolled:
            self._name_call(call)
        found = findings_of(execution, races=self._race_mode == "fail")
        if execution.ending is Ending.DIVERGED and (self.uncontrolled or self.suspicious):
            self.unfollowed += 1
            return tuple(finding for finding in found if finding.kind is not FindingKind.NONDETERMINISM)
        return found

    def outcomes(self) -> Counter[Any]:
        """Value that the model returned -> executions."""
        outcomes: Counter[Any] = Counter()
        for (form, value), count in self._packed.items():
            outcomes[_unpacked(form, value)] += count
        return outcomes

    def plain(self) -> dict[str, Any]:
        """All of it, as plain data."""
        packed = [[form, _written(_unpacked(form, value)), count] for (form, value), count in self._packed.items()]
        counts = {name: getattr(self, name) for name in _COUNTS}
        return {
            "counts": counts,
            "outcomes": packed,
            "findings": [plain_finding(f) for f in self.findings],
            "calls": list(self.calls),
            "races": [plain_race(race) for race in self.races.values()],
            "watched": sorted(self.watched),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Go on from what :meth:`plain` gave."""
        for name in _COUNTS:
            setattr(self, name, int(plain["counts"][name]))
        for form, written, count in plain["outcomes"]:
            value = _read(written)
            packed = value.encode(errors="backslashreplace") if form == "repr" else marshal.dumps(value)
            self._packed[form, packed] += int(count)  # equal values may have had different bytes
        self.calls = [str(call) for call in plain["calls"]]
        self.findings = [read_finding(each) for each in plain["findings"]]
        self._sorts = {sort_of(finding) for finding in self.findings}
        self.races = {_same_race(race): race for race in map(read_race, plain["races"])}
        self.watched = frozenset(str(family) for family in plain["watched"])


def sort_of(finding: Finding) -> tuple[Any, ...]:
    """What two findings have in common if they are the same fault: kind, thread, and the exception's type."""
    exception = finding.message.partition(":")[0] if finding.kind is FindingKind.EXCEPTION else ""
    if finding.kind is FindingKind.RACE:
        exception = finding.message.partition(" by thread ")[0]
    return finding.kind, finding.thread, exception


def _same_race(race: Race) -> Any:
    """What makes two races one: what, and the two places with what is done there, whoever comes first."""
    return race.what, frozenset((access.place, access.mode) for access in race.accesses)


def _written(value: Any) -> list[Any]:
    """A plain value with the name of its type."""
    if isinstance(value, (tuple, frozenset)):
        return [type(value).__name__, [_written(item) for item in value]]
    if isinstance(value, bytes):
        return ["bytes", base64.b64encode(value).decode()]
    if isinstance(value, (float, complex)):
        return [type(value).__name__, repr(value)]
    return ["", value]


def _read(written: list[Any]) -> Any:
    name, value = written
    match name:
        case "tuple":
            return tuple(_read(item) for item in value)
        case "frozenset":
            return frozenset(_read(item) for item in value)
        case "bytes":
            return base64.b64decode(value, validate=True)
        case "float":
            return float(value)
        case "complex":
            return complex(value)
        case "":
            return value
        case _:
            raise ValueError(f"a value of the unknown type {name!r}")


def _unpacked(form: str, value: bytes) -> Any:
    if form == "marshal":
        return marshal.loads(value)
    if form == "pickle":
        try:
            found = unpickled(value, sys.modules)
            hash(found)
            return found
        except Exception as error:
            return f"<an outcome that cannot be unpickled: {type(error).__name__}: {error}>"
    return value.decode(errors="replace")
