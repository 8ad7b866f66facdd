"""asyncio: two tasks of one thread never interleave silently, and `async with` waits its turn off the loop."""

import asyncio
import gc
import os
import threading
import warnings

import pytest
from tests.unit.guard.turns import Holder, ThreadHolder, enter, hold, queued, running

from scopedenv import ScopedEnv, ScopedEnvStateError, ScopedEnvTaskError, ScopedEnvTimeout, state
from scopedenv.tasks import WAITERS


def test_plain_with_in_a_second_task_is_an_error_naming_both():
    async def second():
        ScopedEnv({"A": "second"}).__enter__()

    async def main():
        async with Holder():
            with pytest.raises(ScopedEnvTaskError) as caught:
                await asyncio.create_task(second(), name="second")
            assert os.environ["A"] == "held"
        return str(caught.value)

    message = running(main)
    assert "task 'second'" in message
    assert "task 'holder'" in message
    assert "turns.py" in message


def test_a_callback_outside_any_task_counts_as_another():
    async def main():
        async with Holder():
            outcome = asyncio.get_running_loop().create_future()

            def callback():
                try:
                    ScopedEnv.apply({"A": "callback"})
                except ScopedEnvTaskError as error:
                    outcome.set_result(str(error))

            asyncio.get_running_loop().call_soon(callback)
            return await outcome

    assert running(main).startswith("code outside any task cannot enter while task 'holder'")


def test_plain_with_nests_in_its_own_task():
    async def main():
        with ScopedEnv({"A": "1"}):
            await asyncio.sleep(0)
            with ScopedEnv({"A": "2"}):
                await asyncio.sleep(0)
                async with ScopedEnv({"A": "3"}):
                    await asyncio.sleep(0)
                    assert os.environ["A"] == "3"
                assert os.environ["A"] == "2"

    running(main)


def test_tasks_nest_in_the_scope_around_the_loop():
    log = []

    async def main():
        await asyncio.gather(*(enter(log, str(i)) for i in range(4)))
        assert os.environ["A"] == "around"

    with ScopedEnv({"A": "around"}):
        running(main)
    assert log == ["0", "1", "2", "3"]


def test_async_with_waits_its_turn_in_order_and_leaves_the_loop_free():
    log = []

    async def main():
        async with Holder():
            tasks = [asyncio.create_task(enter(log, str(i))) for i in range(4)]
            await queued(4)
            log.append("the loop is free")
        await asyncio.gather(*tasks)

    running(main)
    assert log == ["the loop is free", "0", "1", "2", "3"]


def test_a_newcomer_does_not_pass_those_who_wait():
    """The task that has just let go asks again before the one that it has woken could run."""
    log = []

    async def main():
        async with ScopedEnv({"A": "holder"}):
            first = asyncio.create_task(enter(log, "first"))
            await queued(1)
        await enter(log, "again")
        await first

    running(main)
    assert log == ["first", "again"]


def test_nesting_does_not_queue_behind_those_who_wait_for_the_outer_scope():
    log = []

    async def main():
        async with ScopedEnv({"A": "outer"}):
            waits = asyncio.create_task(enter(log, "waits"))
            await queued(1)
            await enter(log, "inner", timeout=0)
        await waits

    running(main)
    assert log == ["inner", "waits"]


def test_waiting_for_another_thread():
    log = []

    async def main():
        with ThreadHolder() as holder:
            tasks = [asyncio.create_task(enter(log, str(i))) for i in range(3)]
            await queued(3)
            log.append(os.environ["A"])
            holder.release()
            await asyncio.gather(*tasks)

    running(main)
    assert log == ["thread", "0", "1", "2"]


def test_a_thread_waits_for_a_task():
    async def main():
        async with Holder() as holder:
            with pytest.raises(ScopedEnvTimeout, match="task 'holder'"):
                await asyncio.to_thread(lambda: ScopedEnv.apply({"A": "x"}, timeout=0))
            await holder.release()
            await asyncio.to_thread(lambda: ScopedEnv.apply({"A": "x"}, timeout=0).close())

    running(main)


@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize("holding", ["task", "thread"])
def test_cancelling_one_that_waits_strands_nobody(index, holding):
    log = []

    async def cancel(tasks):
        tasks[index].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[index]
        assert len(WAITERS) == 2

    async def main():
        tasks = []
        if holding == "task":
            async with Holder():
                tasks += [asyncio.create_task(enter(log, i)) for i in "012"]
                await queued(3)
                await cancel(tasks)
        else:
            with ThreadHolder():
                tasks += [asyncio.create_task(enter(log, i)) for i in "012"]
                await queued(3)
                await cancel(tasks)
        await asyncio.gather(*tasks, return_exceptions=True)

    running(main)
    assert log == [i for i in "012" if i != str(index)]


def test_cancelling_one_that_has_just_been_woken_wakes_the_next():
    log = []

    async def main():
        async with Holder() as holder:
            first, second = (asyncio.create_task(enter(log, i)) for i in "12")
            await queued(2)
            holder.finish.set()
            holder.task.add_done_callback(lambda _: first.cancel())
            await second
            assert first.cancelled()

    running(main)
    assert log == ["2"]


def test_a_timeout_on_entering_in_turn():
    log = []

    async def main():
        async with Holder():
            waits = asyncio.create_task(enter(log, "waits"))
            with pytest.raises(ScopedEnvTimeout, match=r"thread 'MainThread', task 'holder' \(scope opened at"):
                await enter(log, "gives up", timeout=0)
            assert len(WAITERS) == 1
        await waits
        await enter(log, "free", timeout=0)

    running(main)
    assert log == ["waits", "free"]


def test_the_first_that_gives_up_lets_the_next_in():
    log = []

    async def main():
        with ThreadHolder() as holder:
            first = asyncio.create_task(enter(log, "first", timeout=0))
            second = asyncio.create_task(enter(log, "second"))
            with pytest.raises(ScopedEnvTimeout, match="holding thread"):
                await first
            holder.release()
            await second

    running(main)
    assert log == ["second"]


def test_an_error_on_entering_lets_the_next_in(monkeypatch):
    log = []
    real = os.putenv

    def putenv(key, value):
        if value == b"bad":
            raise OSError("refused")
        real(key, value)

    async def main():
        async with Holder():
            bad = asyncio.create_task(enter(log, "bad"))
            good = asyncio.create_task(enter(log, "good"))
            await queued(2)
        with pytest.raises(OSError, match="refused"):
            await bad
        await good

    with monkeypatch.context() as patch:
        patch.setattr(os, "putenv", putenv)
        running(main)
    assert log == ["good"]


def test_an_open_guard_cannot_be_entered_in_turn_either():
    async def main():
        async with ScopedEnv({"A": "1"}) as guard:
            with pytest.raises(ScopedEnvStateError):
                await guard.__aenter__()

    running(main)


def test_one_guard_object_waited_for_by_two_tasks():
    guard, log = ScopedEnv({"A": "1"}), []

    async def use(name):
        async with guard:
            log.append(name)

    async def main():
        async with Holder():
            tasks = [asyncio.create_task(use(i)) for i in "12"]
            await queued(2)
        await asyncio.gather(*tasks)

    running(main)
    assert log == ["1", "2"]


def test_a_scope_whose_task_is_done_is_in_nobodys_way():
    """A fixture may open a guard in one task and close it in another."""

    async def opener():
        return ScopedEnv.apply({"A": "1"})

    async def main():
        guard = await asyncio.create_task(opener())
        with ScopedEnv({"A": "2"}):
            assert os.environ["A"] == "2"
        async with ScopedEnv({"A": "3"}):
            assert os.environ["A"] == "3"
        assert os.environ["A"] == "1"
        guard.close()

    running(main)


def test_the_end_of_a_task_that_leaves_its_scope_open_lets_the_next_in():
    kept = []

    async def leaves_open(opened, finish):
        kept.append(ScopedEnv.apply({"B": "left"}))
        opened.set()
        await finish.wait()

    async def main():
        opened, finish, log = asyncio.Event(), asyncio.Event(), []
        task = asyncio.create_task(leaves_open(opened, finish))
        await opened.wait()
        waits = asyncio.create_task(enter(log, "waits"))
        await queued(1)
        finish.set()
        await asyncio.gather(task, waits)
        kept.pop().close()

    running(main)
    assert "B" not in os.environ


def test_closing_an_unopened_guard_does_not_end_the_scope_of_another_task(caplog):
    async def second():
        ScopedEnv({"A": "second"}).close()

    async def main():
        async with Holder():
            await asyncio.create_task(second())
            assert os.environ["A"] == "held"

    running(main)
    (record,) = (record for record in caplog.records if record.name == "scopedenv")
    assert "nothing was changed, since task 'holder' has a scope open" in record.message


def test_two_loops_and_plain_threads_never_meet():
    inside, met = [], []

    def meet(name):
        inside.append(name)
        met.extend(inside[1:])
        assert os.environ["A"] == name
        inside.remove(name)

    async def task(name):
        for _ in range(10):
            async with ScopedEnv({"A": name}):
                await asyncio.sleep(0)
                meet(name)

    async def loop(name):
        await asyncio.gather(*(task(f"{name}.{i}") for i in range(5)))

    def plain(name):
        for _ in range(20):
            with ScopedEnv({"A": name}):
                meet(name)

    threads = [threading.Thread(target=asyncio.run, args=(loop(str(i)),)) for i in range(2)]
    threads += [threading.Thread(target=plain, args=(f"plain {i}",)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == []


def test_a_waiter_whose_loop_has_closed_is_passed_over():
    async def waits_for_ever():
        await ScopedEnv({"A": "lost"}).__aenter__()

    async def first_pass(coroutine):
        task = asyncio.create_task(coroutine)
        await queued(1)
        return task

    with ThreadHolder() as holder:
        lost_loop = asyncio.new_event_loop()
        lost = lost_loop.run_until_complete(first_pass(waits_for_ever()))
        lost_loop.close()
        holder.release()
        holder.thread.join()
    assert not WAITERS  # the release found the loop closed
    lost._log_destroy_pending = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        del lost
        gc.collect()


def test_a_task_destroyed_while_it_holds_a_scope():
    """The state of the thread must not keep the task alive, or its scope would stay for ever."""

    async def main():
        task = asyncio.create_task(hold(asyncio.Event(), asyncio.Event()))
        await asyncio.sleep(0)
        assert state.thread_state().depth == 1
        return task

    loop = asyncio.new_event_loop()
    task = loop.run_until_complete(main())
    loop.close()
    task._log_destroy_pending = False
    del task
    gc.collect()
    assert state.thread_state().depth == 0
    assert "A" not in os.environ
