"""The decorator: a scope of its own for every call of a function or coroutine function."""

import asyncio
import functools
import inspect
import os
import threading

import pytest

from scopedenv import ScopedEnv, ScopedEnvTimeout, state


def test_a_function_keeps_its_name_arguments_result_and_errors():
    @ScopedEnv({"A": "1"})
    def divide(a, b=1):
        """Divide."""
        assert os.environ["A"] == "1"
        return a // b

    assert divide(4, b=2) == 2
    assert (divide.__name__, divide.__doc__) == ("divide", "Divide.")
    assert str(inspect.signature(divide)) == "(a, b=1)"
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)
    assert "A" not in os.environ


def test_nothing_happens_before_the_call(is_free):
    @ScopedEnv({"A": "1"})
    def function():
        raise AssertionError

    assert function
    assert "A" not in os.environ
    assert is_free()


def test_recursion():
    @ScopedEnv({"A": "1"})
    def depths(levels):
        return [state.thread_state().depth, *(depths(levels - 1) if levels else [])]

    assert depths(3) == [1, 2, 3, 4]


def test_several_threads_call_one_function():
    inside = []

    @ScopedEnv({"A": "1"})
    def function():
        inside.append(1)
        assert len(inside) == 1
        assert os.environ["A"] == "1"
        inside.pop()
        done.append(1)

    done = []
    threads = [threading.Thread(target=function) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 8


def test_a_method_and_a_static_method():
    class Service:
        @ScopedEnv({"A": "1"})
        def method(self):
            return self, os.environ["A"]

        @staticmethod
        @ScopedEnv({"A": "2"})
        def static():
            return os.environ["A"]

    service = Service()
    assert service.method() == (service, "1")
    assert service.static() == "2"


def test_the_opener_is_the_caller(elsewhere):
    @ScopedEnv({"A": "1"})
    def function():
        return state.thread_state().stack[0].place

    place = function()
    assert place == f"{__file__}:{test_the_opener_is_the_caller.__code__.co_firstlineno + 5}"


def test_a_timeout_holds_for_each_call(elsewhere):
    @ScopedEnv({"A": "1"}, timeout=0)
    def function():
        return os.environ["A"]

    with ScopedEnv({}), pytest.raises(ScopedEnvTimeout):
        elsewhere(function)
    assert elsewhere(function) == "1"


class CallsAsync:
    async def __call__(self):
        return os.environ["A"]


async def coroutine_function():
    await asyncio.sleep(0)
    return os.environ["A"]


@pytest.mark.parametrize("function", [coroutine_function, functools.partial(coroutine_function), CallsAsync()])
def test_coroutine_functions_take_turns(function):
    decorated = ScopedEnv({"A": "1"})(function)
    assert inspect.iscoroutinefunction(decorated)

    async def main():
        return await asyncio.gather(*(decorated() for _ in range(5)))

    assert asyncio.run(main()) == ["1"] * 5
    assert "A" not in os.environ


def test_a_coroutine_function_may_recurse_and_names_itself():
    @ScopedEnv({"A": "1"})
    async def recursive(levels):
        await asyncio.sleep(0)
        if levels:
            return await recursive(levels - 1)
        return [scope.place for scope in state.thread_state().stack]

    places = asyncio.run(recursive(2))
    first = test_a_coroutine_function_may_recurse_and_names_itself.__code__.co_firstlineno + 1
    assert places == [f"{__file__}:{first}"] * 3


def generator():
    yield


async def async_generator():
    yield


class CallsGenerator:
    def __call__(self):
        yield


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (generator, "generator function"),
        (async_generator, "generator function"),
        (CallsGenerator(), "generator function"),
        (CallsGenerator, "not classes"),
        (int, "not classes"),
        (staticmethod(generator), "beneath @staticmethod"),
        (classmethod(generator), "beneath @classmethod"),
        (property(generator), "beneath @property"),
        (None, "not None"),
        ({"A": "1"}, "decorates functions"),
    ],
)
def test_what_cannot_be_decorated(thing, message):
    with pytest.raises(TypeError, match=message):
        ScopedEnv({"A": "1"})(thing)
