"""The messages: what is sent is read back, garbage is refused, and an illegal message raises and changes nothing."""

from __future__ import annotations

import itertools
import marshal
import struct

import pytest

from scopedenv.sandbox.wire import (
    GRANT_SIZE,
    LEGAL,
    Announce,
    Decoder,
    Definitions,
    Failed,
    Fault,
    Grant,
    Leaks,
    Operation,
    Order,
    ProtocolError,
    Returned,
    ThreadState,
    advance,
    decode_grant,
    encode,
    encode_grant,
)

OP = Operation(1, 0, 2.5, -1, 3)
MESSAGES = [
    Definitions(((0, 1, "m.L", "m.L", None),), ((3, "f.py", 7, "f"),), ((1, "0.1", "left", False),)),
    Announce(1, OP, ((OP, None), (OP, (1, "5"))), (0, "text")),
    Announce(0, OP),
    Failed(1, "ValueError", "bad", "Traceback …", 2),
    Returned("marshal", b"\x00"),
    Leaks(("A was set and not restored",)),
    Fault("oh"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_messages_come_back_whole_however_they_are_cut(size: int) -> None:
    data = b"".join(map(encode, MESSAGES))
    decoder = Decoder()
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    assert [message for piece in pieces for message in decoder.feed(piece)] == MESSAGES


def test_an_announcement_is_an_announcement_again() -> None:
    (message,) = Decoder().feed(encode(MESSAGES[1]))
    assert isinstance(message, Announce)
    assert isinstance(message.op, Operation)
    assert isinstance(message.leased[0][0], Operation)


def _framed(body: bytes) -> bytes:
    return struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "data",
    [
        _framed(b""),
        _framed(b"nonsense"),
        _framed(marshal.dumps((99, ()))),
        _framed(marshal.dumps((1, (1, 2)))),
        _framed(marshal.dumps(5)),
        b"\xff\xff\xff\xff",
    ],
    ids=["empty", "no marshal", "unknown tag", "fields missing", "no pair", "endless"],
)
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        Decoder().feed(data)


@pytest.mark.parametrize("grant", [Grant(Order.GO, -3, 0.0), Grant(Order.DIE, 2**31 - 1, 1e9)])
def test_grants_come_back(grant: Grant) -> None:
    assert decode_grant(encode_grant(grant)) == grant
    with pytest.raises(ProtocolError, match=str(GRANT_SIZE)):
        decode_grant(encode_grant(grant)[:-1])


KINDS = [*dict.fromkeys(type(message) for message in MESSAGES), *Order]
ILLEGAL = [pair for pair in itertools.product(ThreadState, KINDS) if pair not in LEGAL]


@pytest.mark.parametrize(("state", "kind"), ILLEGAL, ids=str)
def test_what_is_not_in_the_table_raises_naming_message_side_and_state(state: ThreadState, kind: object) -> None:
    message = kind if isinstance(kind, Order) else next(m for m in MESSAGES if type(m) is kind)
    with pytest.raises(ProtocolError) as caught:
        advance(state, message, "0.7")
    text = str(caught.value)
    assert "0.7" in text
    assert state.value in text
    assert ("controller" if isinstance(kind, Order) else "sandbox process") in text
