"""A long exploration: what it leaves open, and what it grows by, at each power of ten of executions.

The model has 120 ** 3 traces, so the default search never comes to their end. Watched is the process that explores: its
memory, its open descriptors, its processes, and those of them that are dead and not collected. 3,000 executions; with
``--long`` a million, or as many as ``--minutes`` (25) allow. A line is printed at each power of ten, and at the end.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import asdict, dataclass, field

import psutil

from scopedenv.sandbox import Sandbox, Shared, Statistics
from table import Target, parser, summary, write

FIRST, GROWTH = 1_000, 1.5
_COLUMNS = "{:>10}  {:>8}  {:>7}  {:>11}  {:>9}  {:>7}  {:>14}"


def model() -> None:
    """Five threads write their number to three cells."""
    cells = [Shared(0) for _ in range(3)]

    def work(number: int) -> None:
        for cell in cells:
            cell.set(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@dataclass(frozen=True)
class Moment:
    """How the exploring process is after so many executions."""

    executions: int
    rss: int
    descriptors: int
    processes: int
    zombies: int
    cpu: float
    seconds: float

    def line(self) -> str:
        """One line of the table."""
        each = self.cpu / self.executions * 1e3 if self.executions else 0.0
        rss = f"{self.rss / 2**20:.1f}"
        return _COLUMNS.format(
            self.executions, rss, self.descriptors, self.processes, self.zombies, f"{self.seconds:.0f}", f"{each:.2f}"
        )


@dataclass
class Watch:
    """Looks at this process whenever another power of ten is reached."""

    process: psutil.Process = field(default_factory=psutil.Process)
    moments: list[Moment] = field(default_factory=list)
    cpu: float = field(default_factory=time.process_time)
    begin: float = field(default_factory=time.monotonic)
    due: int = 10

    def progress(self, seen: Statistics) -> None:
        """Called by the exploration now and then."""
        if seen.executions >= self.due:
            self.look(seen.executions)
            self.due = 10 ** len(str(seen.executions))

    def look(self, executions: int) -> Moment:
        """Note how this process is now, and print it."""
        children = self.process.children(recursive=True)
        moment = Moment(
            executions,
            self.process.memory_info().rss,
            self.process.num_fds(),
            len(children),
            sum(_is_zombie_of(self.process.pid, child) for child in children),
            time.process_time() - self.cpu,
            time.monotonic() - self.begin,
        )
        self.moments.append(moment)
        print(moment.line(), flush=True)
        return moment


def _is_zombie_of(parent: int, child: psutil.Process) -> bool:
    try:
        return bool(child.ppid() == parent and child.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def targets_of(before: Moment, moments: list[Moment], after: Moment) -> list[Target]:
    """What must not grow: from the first thousand on, and over the whole."""
    during = moments[:-1] or moments
    base = next((moment for moment in during if moment.executions >= FIRST), during[0])
    last = moments[-1]
    ratio = last.rss / base.rss
    open_ones = sorted({moment.descriptors for moment in during})
    zombies = sum(moment.zombies for moment in (*moments, after))
    left = after.processes - before.processes
    return [
        Target(
            f"memory at {last.executions:,} / at {base.executions:,} executions",
            f"<= {GROWTH:g} x",
            f"{ratio:.2f} x",
            ratio <= GROWTH,
        ),
        Target(
            "descriptors: during; after - before",
            "one number; 0",
            f"{', '.join(map(str, open_ones))}; {after.descriptors - before.descriptors}",
            len(open_ones) == 1 and after.descriptors == before.descriptors,
        ),
        Target("dead processes; processes left", "0; 0", f"{zombies}; {left}", zombies == 0 and left == 0),
    ]


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--executions", type=int, help="how many (default: 3,000, a million with --long)")
    options.add_argument("--minutes", type=float, default=25.0, help="the most that it may take")
    arguments = options.parse_args()
    most = arguments.executions or (1_000_000 if arguments.long else 3_000)
    print(_COLUMNS.format("executions", "RSS, MiB", "descr.", "processes", "zombies", "s", "ms CPU of each"))
    watch = Watch()
    before = watch.look(0)
    watch.moments.clear()
    Sandbox(max_schedules=1, watch="sync").explore(model)  # what is imported at the first exploration, is
    watch.cpu, watch.begin = time.process_time(), time.monotonic()
    sandbox = Sandbox(max_schedules=most, max_seconds=arguments.minutes * 60, watch="sync", on_progress=watch.progress)
    result = sandbox.explore(model)
    after = watch.look(result.schedules)
    print(result.reason)
    targets = targets_of(before, watch.moments, after)
    print(summary(targets))
    moments = [asdict(moment) for moment in (before, *watch.moments)]
    write(arguments.json, {"moments": moments, "pid": os.getpid()}, targets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
