"""The agenda by itself: what is planned once, what comes first, what is met."""

from __future__ import annotations

from scopedenv.sandbox.schedule import Choice
from scopedenv.sandbox.search.agenda import Agenda, Linear, Plan
from scopedenv.sandbox.search.labels import Labels
from scopedenv.sandbox.search.prefixes import Unlabelled


def plan(thread: str, cost: int, *, key: int = 0, alternatives: int = 1) -> Plan:
    """A step of `thread` right at the beginning."""
    path = Linear(None, Choice(thread), "Wx")
    return Plan(path, key, cost, (key,), Unlabelled(thread, 0, "Wx", key), alternatives, alternatives - 1)


def taken(agenda: Agenda) -> list[Plan]:
    return list(iter(agenda.take, None))


def test_the_cheapest_first_then_the_oldest() -> None:
    agenda = Agenda(3, Labels())
    plans = [plan("a", 2), plan("b", 1), plan("c", 0), plan("d", 1)]
    for each in plans:
        agenda.add(each)
    assert taken(agenda) == [plans[2], plans[1], plans[3], plans[0]]
    assert not agenda


def test_once_per_step_unless_it_is_cheaper() -> None:
    """The dearer one is not run any more."""
    agenda = Agenda(3, Labels())
    first, again, dearer, cheaper = plan("a", 1), plan("a", 1), plan("a", 2), plan("a", 0)
    for each in (first, again, dearer, cheaper):
        agenda.add(each)
    assert taken(agenda) == [cheaper]
    other = Agenda(2, Labels())
    for each in (first, again):
        other.add(each)
    assert taken(other) == [first]


def test_met_where_the_beginning_is_there_too() -> None:
    """Two beginnings, one last step: the label is the same, the maximal events differ."""
    labels = Labels()
    agenda = Agenda(1, labels)
    here, there = plan("a", 0, key=1), plan("a", 0, key=2)
    here.step = there.step = Unlabelled("a", 0, "Wx", 7)
    agenda.add(here)
    agenda.add(there)
    label = labels.of("a", 0, 0, "Wx", 7)
    assert agenda.meet(label, lambda maximal: maximal == (2,)) == [there]
    assert agenda.meet(label, lambda maximal: maximal == (2,)) == []
    assert taken(agenda) == [here]


def test_alternatives_go_round() -> None:
    """Three alternatives: whoever is done with one has the next planned, and the last one ends it."""
    agenda = Agenda(1, Labels())
    agenda.add(plan("a", 0, alternatives=3))
    seen = []
    while (found := agenda.take()) is not None:
        seen.append(found.path.choice.alternative)
        agenda.go_round(found)
        agenda.go_round(found)
    assert seen == [0, 1, 2]
