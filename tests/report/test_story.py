"""What the steps of a finding say of each other, and the schedule beside it that passes."""

from __future__ import annotations

import threading

from tests.report import models

from scopedenv.sandbox import Finding, Sandbox, Shared, StepView, choose


def found(model: object) -> Finding:
    result = Sandbox().explore(model)  # type: ignore[arg-type]
    (finding,) = result.findings
    return finding


def step(finding: Finding, thread: str, kind: str) -> StepView:
    return next(each for each in finding.steps if (each.thread, each.kind) == (thread, kind))


def test_whose_value_is_read() -> None:
    """Both threads read what the first thread wrote; the assertion reads what the last writer wrote."""
    finding = found(models.exception)
    begin = step(finding, "0", "memory write").number
    for thread in ("0.1", "0.2"):
        assert begin in [link.step for link in step(finding, thread, "memory read").links]
    last = max(each.number for each in finding.steps if each.kind == "memory write")
    assert [link.step for link in finding.steps[-2].links] == [last]


def test_the_first_step_of_a_thread_is_started_by_another() -> None:
    finding = found(models.exception)
    start = step(finding, "0", "start")
    assert "started by 0 MainThread" in step(finding, "0.1", "memory read").links[0].why
    assert step(finding, "0.1", "memory read").links[0].step == start.number


def test_what_is_held_and_why_threads_switch() -> None:
    finding = found(models.deadlock)
    first, second = (each for each in finding.steps if each.kind == "acquire")
    assert first.holds == ("tests.report.models.LOCK_A",)
    assert second.holds == ("tests.report.models.LOCK_B",)
    assert second.switched
    assert second.handover == "0.1 left is preempted"
    waits = {each.thread: (each.awaits, each.holds) for each in finding.waiting}
    assert waits["0.1"] == ("tests.report.models.LOCK_B, held by thread 0.2 (right)", ("tests.report.models.LOCK_A",))
    assert {each.thread: each.awaited_thread for each in finding.waiting} == {"0": "0.1", "0.1": "0.2", "0.2": "0.1"}
    assert "forwards: with LOCK_A, LOCK_B:" in next(each for each in finding.waiting if each.thread == "0.1").stack[0]


def test_who_waits_for_no_thread_or_for_one_that_has_what_it_needs() -> None:
    """An event is nobody's, a semaphore neither; who was notified needs the lock back, which the first thread has."""

    def model() -> None:
        event, inside = threading.Event(), threading.Event()
        semaphore, condition = threading.Semaphore(0), threading.Condition()

        def wait() -> None:
            with condition:
                inside.set()
                condition.wait()

        for target in (event.wait, semaphore.acquire, wait):
            threading.Thread(target=target).start()
        inside.wait()
        condition.acquire()
        condition.notify()
        event.wait()

    finding = found(model)
    awaited = {each.operation.split()[0]: each.awaited_thread for each in finding.waiting if each.thread != "0"}
    assert awaited == {"go": None, "acquire": None, "take": "0"}


def test_steps_that_have_nothing_to_do_with_it_do_not_matter() -> None:
    """The log is written by both threads, and nobody reads it before the account fails."""

    def model() -> None:
        account, log = Shared(0), Shared(0)

        def work() -> None:
            log.set(1)
            account.set(account.get() + 1)

        models.together(work, work)
        assert account.get() == 2

    finding = found(model)
    mattering = {each.target for each in finding.steps if each.matters}
    assert len(mattering) == 1
    others = {each.target for each in finding.steps if each.kind == "shared write"} - mattering
    assert len(others) == 1


def test_a_lock_that_was_held_meanwhile_matters() -> None:
    """The update is lost although a lock is taken: it is let go of between reading and writing."""

    def model() -> None:
        lock, account = threading.Lock(), Shared(0)

        def work() -> None:
            with lock:
                seen = account.get()
            with lock:
                account.set(seen + 1)

        models.together(work, work)
        assert account.get() == 2

    finding = found(model)
    assert {each.kind for each in finding.steps if each.matters} >= {"acquire", "release", "shared read"}


def test_the_nearest_schedule_that_passes_passes() -> None:
    finding = found(models.exception)
    nearest = finding.nearest
    assert nearest is not None
    same = [each.operation for each in finding.steps[: nearest.differs - 1]]
    assert same == [each.operation for each in nearest.steps[: nearest.differs - 1]]
    assert (
        finding.steps[nearest.differs - 1].operation != nearest.steps[nearest.differs - 1].operation
        or finding.steps[nearest.differs - 1].thread != nearest.steps[nearest.differs - 1].thread
    )
    assert Sandbox().replay(models.exception, nearest.schedule).ok


def test_where_every_schedule_fails_there_is_none_beside() -> None:
    def model() -> None:
        models.together(lambda: choose(2), lambda: choose(2))
        raise ValueError("always")

    assert found(model).nearest is None
