"""Which traces were explored, and which reversals of their races no explored trace has.

All traces of a program are explored if and only if for each race of each explored trace the reversed one is a beginning
of an explored trace. So a search that leaves plans out on purpose can still say exactly whether that left out anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from .fairness import Turns
from .labels import pack, unpack
from .prefixes import Beginnings
from .reversal import Reversal, reversals


class _Reversed(NamedTuple):
    """A reversed race: the label of its last step, and those of the maximal events before it."""

    last: int
    maximal: tuple[int, ...]


class Coverage:
    """See the module's text.

    Attributes:
        repeated: executions that had the trace of an earlier one.
    """

    def __init__(self) -> None:
        self.repeated = 0
        self._traces: dict[int, tuple[int, ...]] = {}
        self._holders: dict[int, int] = {}
        self._open: set[_Reversed] = set()
        self._purge_at = 10_000

    def add(self, beginnings: Beginnings, turns: Turns) -> None:
        """An execution, with its reversals."""
        history = beginnings.history
        key = beginnings.key(history.full)
        if key in self._traces:
            self.repeated += 1
            return
        bit = 1 << len(self._traces)
        self._traces[key] = tuple(beginnings.labels)
        for label in beginnings.labels:
            self._holders[label] = self._holders.get(label, 0) | bit
        for plan in reversals(history):
            if turns.unfair(plan.last.thread, plan.events | ((1 << plan.place) - 1), history.after[plan.place]):
                continue
            found = _labels(beginnings, plan)
            if found not in self._open and not self._has(found):
                self._open.add(found)
        if len(self._open) > self._purge_at:
            self._purge()
            self._purge_at = max(10_000, 2 * len(self._open))

    def incomplete(self) -> bool:
        """Whether some reversal is left that no explored trace has."""
        self._purge()
        return bool(self._open)

    def state(self) -> Any:
        """All of it as plain data: a trace is the labels of its events, all else follows from these."""
        self._purge()
        return {
            "repeated": self.repeated,
            "lengths": [len(labels) for labels in self._traces.values()],
            "traces": pack(label for labels in self._traces.values() for label in labels),
            "open": [pack((found.last, *found.maximal)) for found in sorted(self._open)],
        }

    def restore(self, plain: Any) -> None:
        """Go on from what :meth:`state` gave."""
        self.repeated = int(plain["repeated"])
        labels, end = unpack(plain["traces"]), 0
        for length in plain["lengths"]:
            begin, end = end, end + int(length)
            trace = labels[begin:end]
            self._traces[_key(trace)] = trace
        if end != len(labels) or len(self._traces) != len(plain["lengths"]):
            raise ValueError(f"{len(labels)} labels are not those of {len(plain['lengths'])} different traces")
        self._holders = _holders(self._traces.values())
        for packed in plain["open"]:
            last, *maximal = unpack(packed)
            self._open.add(_Reversed(last, tuple(maximal)))

    def _purge(self) -> None:
        self._open = {found for found in self._open if not self._has(found)}

    def _has(self, found: _Reversed) -> bool:
        """Whether some explored trace has the beginning and the last step."""
        holders = self._holders.get(found.last, 0)
        for label in found.maximal:
            holders &= self._holders.get(label, 0)
        return bool(holders)


def _labels(beginnings: Beginnings, plan: Reversal) -> _Reversed:
    mask = plan.events | ((1 << plan.place) - 1)
    return _Reversed(beginnings.label_after(mask, *plan.last[:4]), tuple(beginnings.maximal(mask)))


def _key(labels: Iterable[int]) -> int:
    key = 0
    for label in labels:
        key ^= label
    return key


def _holders(traces: Iterable[tuple[int, ...]]) -> dict[int, int]:
    """Label -> the mask of the traces that have it; in bytes until it is whole, for it has as many bits as traces."""
    masks: dict[int, bytearray] = {}
    for number, labels in enumerate(traces):
        place, bit = number >> 3, 1 << (number & 7)
        for label in labels:
            mask = masks.setdefault(label, bytearray())
            if len(mask) <= place:
                mask.extend(bytes(place + 1 - len(mask)))
            mask[place] |= bit
    return {label: int.from_bytes(mask, "little") for label, mask in masks.items()}
