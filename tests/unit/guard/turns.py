"""Tasks and threads that hold a scope until told, and what waits for them: for the tests of asyncio."""

import asyncio
import os
import threading

from scopedenv import ScopedEnv
from scopedenv.tasks import WAITERS


async def hold(opened, finish, variables=None):
    async with ScopedEnv(variables or {"A": "held"}):
        opened.set()
        await finish.wait()


async def enter(log, name, **settings):
    async with ScopedEnv({"A": name}, **settings):
        log.append(name)
        await asyncio.sleep(0)
        assert os.environ["A"] == name


class Holder:
    """`async with Holder() as holder`: a task of this loop has a scope open until `release()` or the end."""

    async def __aenter__(self):
        opened, self.finish = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(hold(opened, self.finish), name="holder")
        await opened.wait()
        return self

    async def release(self):
        self.finish.set()
        await self.task

    async def __aexit__(self, *_):
        await self.release()


async def queued(count):
    """Let every task run up to where it waits; it takes one pass of the loop."""
    await asyncio.sleep(0)
    assert len(WAITERS) == count


def running(main):
    return asyncio.run(main(), debug=False)


class ThreadHolder:
    """Another thread that has a scope open until told."""

    def __init__(self):
        self.opened, self.finish = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.body, name="holding thread")

    def body(self):
        with ScopedEnv({"A": "thread"}):
            self.opened.set()
            self.finish.wait()

    def __enter__(self):
        self.thread.start()
        self.opened.wait()
        return self

    def release(self):
        self.finish.set()

    def __exit__(self, *_):
        self.release()
        self.thread.join()
