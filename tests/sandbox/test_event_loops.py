"""Event loops of asyncio: time is virtual, other threads wake them, and an idle one is a deadlock."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from scopedenv.sandbox import Exploration, FindingKind, Sandbox, Shared, Verdict

from .checks import fails


def explored(model: Any, **settings: Any) -> Exploration:
    return Sandbox(stop_at_first=False, minimize=False, **settings).explore(model)


def test_sleeping_takes_no_time() -> None:
    """Nothing but the loop's own timer can happen: one schedule."""

    async def main() -> bool:
        before = time.monotonic()
        await asyncio.gather(asyncio.sleep(1000), asyncio.sleep(5000))
        return 5000 <= time.monotonic() - before < 5001

    result = explored(lambda: asyncio.run(main()))
    assert (result.verdict, dict(result.outcomes), result.schedules) == (Verdict.PASSED, {True: 1}, 1), result.report()


def test_a_call_from_another_thread_comes_in_time_or_not() -> None:
    async def main() -> str:
        event = asyncio.Event()
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(event.set,))
        thread.start()
        try:
            await asyncio.wait_for(event.wait(), 100)
            return "in time"
        except TimeoutError:
            return "too late"
        finally:
            thread.join()

    result = explored(lambda: asyncio.run(main()))
    assert result.verdict is Verdict.PASSED, result.report()
    assert set(result.outcomes) == {"in time", "too late"}


def test_calls_from_two_threads_come_in_either_order() -> None:
    async def main() -> str:
        loop, said, both = asyncio.get_running_loop(), [], asyncio.Event()

        def say(letter: str) -> None:
            said.append(letter)
            if len(said) == 2:
                both.set()

        threads = [threading.Thread(target=loop.call_soon_threadsafe, args=(say, letter)) for letter in "ab"]
        for thread in threads:
            thread.start()
        await both.wait()
        return "".join(said)

    result = explored(lambda: asyncio.run(main()))
    assert result.verdict is Verdict.PASSED, result.report()
    assert set(result.outcomes) == {"ab", "ba"}


def test_a_call_to_a_loop_that_may_be_closed() -> None:
    def model() -> None:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(int,))
        thread.start()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        thread.join()

    assert fails(model, FindingKind.EXCEPTION).message == "RuntimeError: Event loop is closed"


def test_a_loop_that_nobody_will_wake_is_a_deadlock() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    assert "to be set at" in fails(lambda: asyncio.run(main()), FindingKind.DEADLOCK).message


def test_jobs_in_threads_are_awaited() -> None:
    async def main() -> int:
        cell = Shared(0)
        loop = asyncio.get_running_loop()
        await asyncio.gather(
            asyncio.to_thread(cell.update, lambda n: n + 1), loop.run_in_executor(None, cell.update, lambda n: n + 1)
        )
        return cell.get()

    def model() -> int:
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(main())
        finally:
            loop.close()  # asyncio.run() of 3.12 and later waits 300 seconds for its executor, and may give up

    result = explored(model, strategy="pos", max_schedules=20)
    assert result.verdict is Verdict.BOUNDED, result.report()
    assert dict(result.outcomes) == {2: 20}
