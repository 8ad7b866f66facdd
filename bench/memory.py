"""What watching memory costs: per access, and per execution.

Run it as ``python bench/memory.py``; ``--json FILE`` writes the figures. Per access: processor time that a loop of
accesses takes more with hooks than without, where the fast path of the hook suffices (the same location was looked at
since the last operation), in microseconds, beside the same loop under a trace function that is called for every opcode,
which is how other tools watch memory. Per execution: rates with ``watch="sync"`` and ``watch="memory"`` in turns.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, FunctionType
from typing import Any

from scopedenv.sandbox import Sandbox
from scopedenv.sandbox.child.memory.accesses import STATE
from scopedenv.sandbox.child.memory.objects import Record, contents, records
from scopedenv.sandbox.child.memory.rewrite import rewrite
from table import parser, table
from table import write as write_figures

ACCESSES = 100_000
ROUNDS = 5


class Account:
    """Something with an attribute."""

    def __init__(self) -> None:
        self.balance = 0

    def deposit(self, amount: int) -> None:
        self.balance += amount


def read(account: Account, count: int) -> None:
    for _ in range(count):
        account.balance  # noqa: B018


def write(account: Account, count: int) -> None:
    for _ in range(count):
        account.balance = 1


def read_item(table: dict[str, int], count: int) -> None:
    for _ in range(count):
        table["key"]


def _opcode(frame: FrameType, _event: str, _arg: Any) -> Any:
    frame.f_trace_opcodes = True
    return _opcode


def _time(function: Callable[..., None], subject: Any, count: int) -> float:
    begin = time.process_time()
    function(subject, count)
    return (time.process_time() - begin) / count * 1e6


def per_access() -> dict[str, dict[str, float]]:
    """Microseconds added per access: by the hook, and by a trace function per opcode."""
    account, table = Account(), {"key": 1}
    record = records[id(account)] = Record("account", "account")
    record.seen["balance"] = record.written["balance"] = STATE.stretch
    items = contents[id(table)] = Record("table", "table", "table[]")
    items.seen["key"] = STATE.stretch
    found = {}
    for name, function, subject in (
        ("attribute read", read, account),
        ("attribute written", write, account),
        ("item read", read_item, table),
    ):
        code = rewrite(function.__code__, {"balance"}, lambda code: code)
        hooked = FunctionType(code, globals())
        plain = min(_time(function, subject, ACCESSES) for _ in range(ROUNDS))
        with_hook = min(_time(hooked, subject, ACCESSES) for _ in range(ROUNDS))
        sys.settrace(_opcode)
        try:
            traced = min(_time(function, subject, ACCESSES // 10) for _ in range(ROUNDS))
        finally:
            sys.settrace(None)
        found[name] = {"hook": with_hook - plain, "trace function": traced - plain}
    del records[id(account)], contents[id(table)]
    return found


def counter() -> int:
    account = Account()
    run(lambda: account.deposit(1))
    return account.balance


def bank() -> int:
    accounts = {"a": Account(), "b": Account()}
    lock = threading.Lock()

    def transfer() -> None:
        with lock:
            accounts["a"].deposit(-1)
            accounts["b"].deposit(1)

    run(transfer)
    return accounts["a"].balance + accounts["b"].balance


CACHE: list[Account] = []


def lazy() -> int:
    def get() -> None:
        if not CACHE:
            CACHE.append(Account())

    run(get)
    return len(CACHE)


def run(work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def rate(model: Callable[[], int], watch: str, seconds: float) -> float:
    """Executions per second, without the preparation."""
    stamps: list[tuple[float, int]] = []
    sandbox = Sandbox(
        strategy="random",
        watch=watch,
        max_seconds=seconds + 0.3,
        on_progress=lambda seen: stamps.append((seen.seconds, seen.executions)),
    )
    sandbox.explore(model)
    (begin, first), (end, last) = stamps[0], stamps[-1]
    return (last - first) / (end - begin)


def per_execution(seconds: float) -> dict[str, dict[str, float]]:
    """Medians of rates, and what exhausting takes."""
    found = {}
    for model in (counter, bank, lazy):
        rounds = [{watch: rate(model, watch, seconds) for watch in ("sync", "memory")} for _ in range(ROUNDS)]
        result = Sandbox(stop_at_first=False).explore(model)
        found[model.__name__] = {
            **{watch: statistics.median(each[watch] for each in rounds) for watch in ("sync", "memory")},
            "executions": result.schedules,
            "outcomes": len(result.outcomes),
            "races": len(result.races),
        }
    return found


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--seconds", type=float, default=0.5, help="length of one measurement (default: 0.5)")
    arguments = options.parse_args()
    accesses, executions = per_access(), per_execution(arguments.seconds)
    rows = [(name, f"{costs['hook']:.2f}", f"{costs['trace function']:.2f}") for name, costs in accesses.items()]
    print(table(("added per access, in µs", "hook", "trace function"), rows))
    print()
    head = ("executions per second", "sync", "memory", "ratio", "exhausted in", "races")
    print(
        table(
            head,
            [
                (
                    name,
                    *(f"{seen[watch]:.0f}" for watch in ("sync", "memory")),
                    f"{seen['sync'] / seen['memory']:.2f}",
                    seen["executions"],
                    seen["races"],
                )
                for name, seen in executions.items()
            ],
        )
    )
    write_figures(arguments.json, {"per_access": accesses, "per_execution": executions})


if __name__ == "__main__":
    main()
