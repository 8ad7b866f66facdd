"""In which call a thread of a sandbox process is blocked: the line of Python, and what it waits for in the kernel.

The line comes from the process itself: a signal makes faulthandler write the stacks of all threads, from C, whether or
not anybody holds the interpreter. The kernel tells which system call it is and on what (``/proc``, Linux only).
"""

from __future__ import annotations

import contextlib
import linecache
import os
import platform
import re
import sysconfig
import time
from collections.abc import Iterator, Mapping

from ..channels import STACKS_SIGNAL, Channels

_DUMP_SECONDS = 1.0
_PAUSE = 0.002
_HEAD = re.compile(r"^(?:Current thread|Thread) 0x([0-9a-f]+)")
_DYING = "Fatal Python error: "
_FRAME = re.compile(r'^  File "(.*)", line (\d+|\?\?\?) in (.*)$')
_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
#: The files whose frames the program's are called from.
_BEGINNINGS = tuple(os.path.join(_PACKAGE, "sandbox", "child", name) for name in ("process.py", "threads.py"))
_LIBRARY = tuple(os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib"))
#: The system calls that wait, by number. Those that wait on a descriptor have it as their first argument.
_X86_64 = {
    0: "read", 1: "write", 7: "poll", 17: "pread64", 23: "select", 34: "pause", 35: "nanosleep", 42: "connect",
    43: "accept", 44: "sendto", 45: "recvfrom", 46: "sendmsg", 47: "recvmsg", 61: "wait4", 65: "semop", 72: "fcntl",
    73: "flock", 74: "fsync", 128: "rt_sigtimedwait", 202: "futex", 220: "semtimedop", 230: "clock_nanosleep",
    232: "epoll_wait", 242: "mq_timedsend", 243: "mq_timedreceive", 247: "waitid", 257: "openat", 270: "pselect6",
    271: "ppoll", 281: "epoll_pwait", 288: "accept4", 441: "epoll_pwait2",
}  # fmt: skip
_AARCH64 = {
    22: "epoll_pwait", 25: "fcntl", 32: "flock", 56: "openat", 63: "read", 64: "write", 72: "pselect6", 73: "ppoll",
    82: "fsync", 95: "waitid", 98: "futex", 101: "nanosleep", 115: "clock_nanosleep", 137: "rt_sigtimedwait",
    182: "mq_timedsend", 183: "mq_timedreceive", 192: "semtimedop", 193: "semop", 202: "accept", 203: "connect",
    206: "sendto", 207: "recvfrom", 211: "sendmsg", 212: "recvmsg", 242: "accept4", 260: "wait4", 441: "epoll_pwait2",
}  # fmt: skip
_CALLS = {"x86_64": _X86_64, "aarch64": _AARCH64}.get(platform.machine(), {})
_ON_DESCRIPTOR = frozenset(
    {"read", "write", "pread64", "connect", "accept", "accept4", "sendto", "recvfrom", "sendmsg", "recvmsg", "fcntl",
     "flock", "fsync"}
)  # fmt: skip


def blocked_call(channels: Channels, slot: int) -> str:
    """Where the thread of `slot` is blocked, as the end of a sentence."""
    pid = channels.sandbox_pid()
    ident, native = channels.system_thread(slot)
    line = _python_line(_stacks(channels, pid), ident)
    call = _kernel_call(pid, native)
    if line is None:
        return call or "a call that cannot be told"
    return f"{line} ({call})" if call else line


def stacks_of(channels: Channels, slots: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """Where each thread of the sandbox process is: thread -> a line per frame of the program, the innermost first."""
    text = _stacks(channels, channels.sandbox_pid())
    found = {}
    for thread, slot in slots.items():
        frames = _frames(text, channels.system_thread(slot)[0])
        found[thread] = tuple(_described(*frame) for frame in frames if not _of_library(frame[0]))
    return found


def dumped_stacks(output: str, channels: Channels, slots: Mapping[str, int]) -> tuple[str, dict[str, tuple[str, ...]]]:
    """What the model printed, and the stacks that faulthandler wrote at its end; see :func:`stacks_of`."""
    printed, mark, dump = output.partition(_DYING)
    if not mark:
        return output, {}
    found = {}
    for thread, slot in slots.items():
        frames = _frames(dump, channels.system_thread(slot)[0])
        program = tuple(_described(*frame) for frame in frames if not _of_library(frame[0]))
        if program:
            found[thread] = program
    return printed, found


def _stacks(channels: Channels, pid: int) -> str:
    """The stacks of all threads of `pid`; empty if it does not write them."""
    channels.take_stacks()
    if pid <= 1:
        return ""
    with contextlib.suppress(OSError):
        os.kill(pid, STACKS_SIGNAL)
    size, until = 0, time.monotonic() + _DUMP_SECONDS
    while time.monotonic() < until:
        time.sleep(_PAUSE)
        now = os.fstat(channels.stacks).st_size
        if now and now == size:
            break
        size = now
    return channels.take_stacks()


def _python_line(stacks: str, ident: int) -> str | None:
    """``file:line in function: source`` of the innermost frame of the program, in the thread `ident`."""
    frames = list(_frames(stacks, ident))
    program = [frame for frame in frames if not _of_library(frame[0])]
    return _described(*(program or frames)[0]) if frames else None


def _of_library(file: str) -> bool:
    return file.startswith((*_LIBRARY, "<")) and "site-packages" not in file


def _described(file: str, number: int, function: str) -> str:
    source = linecache.getline(file, number).strip()
    relative = os.path.relpath(file)
    place = f"{file if relative.startswith('..') else relative}:{number} in {function}"
    return f"{place}: {source}" if source else place


def _frames(stacks: str, ident: int) -> Iterator[tuple[str, int, str]]:
    """(file, line, function), innermost first, up to where the model or its thread begins; none of scopedenv's own."""
    inside = False
    for line in stacks.splitlines():
        if head := _HEAD.match(line):
            inside = int(head[1], 16) == ident
            continue
        frame = _FRAME.match(line) if inside else None
        if frame is not None and frame[1] in _BEGINNINGS:
            inside = False
        elif frame is not None and not frame[1].startswith(os.path.join(_PACKAGE, "sandbox")):
            yield frame[1], 0 if frame[2] == "???" else int(frame[2]), frame[3]


def _kernel_call(pid: int, native: int) -> str:
    """What the kernel says the thread waits in; empty if it does not say."""
    task = f"/proc/{pid}/task/{native}"
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open(f"{task}/syscall") as file:
            number, *arguments = file.read().split()
        name = _CALLS.get(int(number), f"system call {number}")
        on = _descriptor(pid, int(arguments[0], 16)) if name in _ON_DESCRIPTOR else ""
        return f"waits in the kernel's {name}{on}"
    with contextlib.suppress(OSError), open(f"{task}/wchan") as file:
        name = file.read()
        return f"waits in the kernel's {name}" if name not in ("", "0") else ""
    return ""


def _descriptor(pid: int, number: int) -> str:
    target = os.readlink(f"/proc/{pid}/fd/{number}")
    kind = target.partition(":")[0] if not target.startswith("/") else target
    return f" of descriptor {number}, a {kind}" if kind != target else f" of descriptor {number}, {target}"
