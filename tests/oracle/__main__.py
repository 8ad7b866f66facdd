"""The differential tests with counts: ``python -m tests.oracle [--programs N] [--real N]``.

Prints for every profile how many random programs were compared, how many executions and traces they had, and how many
programs differed; the exit status is 1 if any did.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.oracle import test_differential_pure as pure
from tests.oracle import test_differential_real as real
from tests.oracle import test_divided, test_fair
from tests.oracle.brute import explore
from tests.oracle.generate import PROFILES, random_program

from scopedenv.sandbox.search.dpor import Dpor
from scopedenv.sandbox.search.strategy import stay


def simulated(profile: str, seeds: range) -> Counter[str]:
    """Programs of one profile through the simulated sandbox, in every order of plans."""
    counts: Counter[str] = Counter()
    for seed, program, found in pure.programs(profile, seeds, 400):
        order, flight = pure.WAYS[seed % len(pure.WAYS)]
        policy = stay if seed % 2 else pure.wander(seed)
        runs = pure.search(program, Dpor(policy, plan_order=order, seed=seed), flight)
        counts.update(programs=1, executions=len(runs), traces=len(found.traces))
        counts["mismatches"] += _fails(pure.agree, program, found, runs)
    return counts


def divided(profile: str, seeds: range) -> Counter[str]:
    """Programs of one profile through a search that several workers explore together."""
    counts: Counter[str] = Counter()
    for seed, program, found in pure.programs(profile, seeds, 400):
        runs = test_divided.traces_once(program, seed)
        counts.update(programs=1, executions=len(runs), traces=len(found.traces))
        counts["mismatches"] += _fails(pure.agree, program, found, runs)
    return counts


def forked(profile: str, seeds: range) -> Counter[str]:
    """Programs of one profile through real threads in forked processes."""
    counts: Counter[str] = Counter()
    for seed in seeds:
        program = random_program(seed, profile, budget=400)
        found = explore(program)
        if len(found.traces) > real.MOST_TRACES or real.polls(program):
            continue
        result = real.explored(program)
        counts.update(programs=1, executions=result.schedules, traces=len(found.traces))
        counts["mismatches"] += _fails(real.agree, program, found, result)
    return counts


def _fails(check: object, *args: object) -> bool:
    try:
        check(*args)  # type: ignore[operator]
    except AssertionError as error:
        print(error, file=sys.stderr)
        return True
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=100, help="simulated programs per profile (default: 100)")
    parser.add_argument("--real", type=int, default=10, help="real programs per profile (default: 10)")
    arguments = parser.parse_args()
    total: Counter[str] = Counter()
    print(f"{'profile':24}" + "".join(f"{name:>12}" for name in _COLUMNS))
    for way, profiles, seeds in (
        (simulated, [*pure.COMPARED, "queues"], range(10_000, 10_000 + arguments.programs)),
        (divided, [*pure.COMPARED, "queues"], range(40_000, 40_000 + arguments.programs)),
        (forked, PROFILES, range(20_000, 20_000 + arguments.real)),
    ):
        for profile in profiles:
            counts = way(profile, seeds)
            total += counts
            print(f"{way.__name__ + ' ' + profile:24}" + "".join(f"{counts[name]:12}" for name in _COLUMNS), flush=True)
    counts = test_fair.compared(range(30_000, 30_000 + arguments.programs))
    print("polling: " + ", ".join(f"{number} {name}" for name, number in counts.items()))
    print(f"{'all':24}" + "".join(f"{total[name]:12}" for name in _COLUMNS))
    print("(traces by the oracle's steps; where real primitives take finer steps, there are more executions)")
    return int(total["mismatches"] > 0)


_COLUMNS = ("programs", "executions", "traces", "mismatches")

if __name__ == "__main__":
    sys.exit(main())
