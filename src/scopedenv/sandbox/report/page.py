"""A finding as one HTML page that needs nothing else: no network, no server, no script to be read.

What it shows is what the text report shows, and more: a picture with a lane per thread, the sources around, all steps,
and the nearest schedule that passes. A script, where scripts run, steps through them. The page's content security
policy (W3C, CSP 3) allows exactly the style and the script that are in it, by their hashes, and no request at all;
whatever a program printed or called its variables is text.

Needs jinja2, the extra ``report``.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .diagram import Diagram, diagram, said_of
from .excerpt import excerpt, shown
from .holding import Thread, threads_of
from .sources import Place, listings, split
from .text import replay_command, scope
from .waits import cycle_of
from .writing import clean, clip, shorten

if TYPE_CHECKING:
    import jinja2

    from ..result import Exploration, Finding, Race, StepView

#: Of longer texts, such as what a model printed, this many characters are on a page; of a value, fewer.
MOST_TEXT, MOST_VALUE = 50_000, 2_000
_MOST_RACES = 20


class Story(NamedTuple):
    """One schedule on the page: the failing one, or the nearest that passes."""

    key: str
    title: str
    schedule: str
    steps: tuple[StepView, ...]
    numbers: frozenset[int]
    differs: int
    matter: int
    pictures: tuple[tuple[str, Diagram], ...]

    @property
    def rows(self) -> list[tuple[StepView, int]]:
        """The steps of the table, each with the number of those left out before it."""
        return [(row.step, row.left_out) for row in shown(self.steps, self.numbers, all_steps=True)]


def render_page(exploration: Exploration, finding: Finding, *, replay: str | None = None) -> str:
    """The page for `finding`, one of the findings of `exploration`.

    Args:
        exploration: where the finding comes from: its verdict, its name, its races.
        finding: what the page is about.
        replay: a command with ``{schedule}`` in it that runs a schedule again; None for the Python call.

    Raises ImportError if jinja2 is missing. Files of source are looked for as the places in the finding name them, so
    from the same working directory.
    """
    stories = list(_stories(finding))
    style, script = (_part(name) for name in ("style.css", "script.js"))
    return _template().render(
        exploration=exploration,
        finding=finding,
        headline=_headline(finding),
        rest=_rest(finding),
        where=_where(finding),
        schedule=str(finding.schedule),
        replay=replay_command(finding, replay),
        stories=stories,
        drawn_kinds=set(_drawn_kinds(stories)),
        sources=list(listings(_places(exploration, finding, stories))),
        data=_data(finding, stories),
        cycle=cycle_of(finding.waiting),
        race=next((race for race in exploration.races if finding.message.startswith(race.message)), None),
        other_races=_other_races(exploration, finding),
        scope=list(scope(exploration)),
        style=style,
        script=script,
        policy=_policy(style, script),
    )


def write_pages(exploration: Exploration, folder: str | Path, *, replay: str | None = None) -> list[Path]:
    """Write one page per finding into `folder`, which is made if it is not there; their paths.

    The names are made of the model's name and the finding's number and kind, so that the same model writes to the same
    files; pages that are there already are replaced. Raises ImportError if jinja2 is missing.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, finding in enumerate(exploration.findings):
        path = folder / page_name(exploration, number)
        path.write_text(render_page(exploration, finding, replay=replay), encoding="utf-8")
        written.append(path)
    return written


def page_name(exploration: Exploration, number: int) -> str:
    """The name of the file for finding `number`: safe on every file system, and different for different models."""
    name = exploration.name
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[-60:].strip("-") or "model"
    digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{slug}-{digest}-{number + 1}-{exploration.findings[number].kind.name.lower()}.html"


# ------------------------------------------------------------------------------------------------ what is on it


def _stories(finding: Finding) -> Iterator[Story]:
    nearest = finding.nearest
    differs = 0 if nearest is None else nearest.differs
    if finding.steps:
        yield _story("failing", "The schedule that fails", finding, finding.steps, differs)
    if nearest is not None and nearest.steps:
        yield _story("passing", "The nearest that passes", finding, nearest.steps, differs)


def _story(key: str, title: str, finding: Finding, steps: tuple[StepView, ...], differs: int) -> Story:
    numbers = excerpt(steps, differs)
    waiting = finding.waiting if key == "failing" else ()
    matter = sum(step.matters for step in steps)
    several = 0 < matter < len(steps)
    pictures = [
        (scope, diagram(steps, numbers, waiting, differs, all_steps=scope == "all"))
        for scope in (("matter", "all") if several else ("all",))
    ]
    schedule = finding.schedule if key == "failing" or finding.nearest is None else finding.nearest.schedule
    return Story(key, title, str(schedule), steps, numbers, differs, matter if several else len(steps), tuple(pictures))


def _drawn_kinds(stories: list[Story]) -> Iterator[str]:
    """Kinds of arrows and notes in the pictures, which the legend explains."""
    for story in stories:
        for _scope, drawn in story.pictures:
            yield from (arrow.kind for arrow in drawn.arrows)
            yield from (note.kind for note in drawn.notes)


def _headline(finding: Finding) -> str:
    first, _rest = _divided(finding)
    return f"{finding.kind.name.capitalize()}: {shorten(first or finding.kind.value, 300).rstrip('.')}"


def _divided(finding: Finding) -> tuple[str, str]:
    """The message in two: its first line, without what announces the next ones, and the rest."""
    first, _newline, rest = finding.message.partition("\n")
    said, stop, announced = first.rpartition(". ")
    if first.endswith(":") and stop:
        return said, f"{announced}\n{rest}"
    return first, rest


def _rest(finding: Finding) -> str:
    """What of the message is not in the headline; the lines on a deadlock's threads are in a table of their own."""
    lines = _divided(finding)[1].splitlines()
    if finding.kind.name == "DEADLOCK" and finding.waiting:
        lines = [line for line in lines if not line.startswith(" ")]
    return "\n".join(lines).strip("\n")


def _where(finding: Finding) -> str:
    if finding.message.startswith(finding.kind.value):
        return ""
    who = "" if finding.thread is None else f": thread {finding.thread} ({finding.thread_name})"
    return f"{finding.kind.value}{who}{f', at {finding.place}' if finding.place else ''}"


def _places(exploration: Exploration, finding: Finding, stories: list[Story]) -> Iterator[Place]:
    if finding.place:
        yield Place(finding.place, finding.source)
    for story in stories:
        failing = story.key == "failing"
        yield from (Place(step.place, step.source, step.number if failing else 0) for step, _left_out in story.rows)
    yield from (Place(each.place, each.source) for each in finding.waiting)
    for race in exploration.races[:_MOST_RACES]:
        yield from (Place(access.place, access.source) for access in race.accesses)


def _other_races(exploration: Exploration, finding: Finding) -> tuple[Race, ...]:
    races = [race for race in exploration.races if not finding.message.startswith(race.message)]
    return tuple(races[:_MOST_RACES])


def _data(finding: Finding, stories: list[Story]) -> dict[str, Any]:
    """What the script needs to know of the steps."""
    return {
        "stories": {story.key: [_plain(step) for step, _left_out in story.rows] for story in stories},
        "counts": {story.key: len(story.steps) for story in stories},
        "differs": {story.key: story.differs for story in stories},
        "threads": {story.key: [list(map(clean, t)) for t in threads_of(story.steps)] for story in stories},
        "waiting": {each.thread: [clean(each.awaits), _anchor(each.place)] for each in finding.waiting if each.awaits},
    }


def _plain(step: StepView) -> dict[str, Any]:
    return {
        "number": step.number,
        "thread": step.thread,
        "name": clean(step.thread_name),
        "said": clip(said_of(step), MOST_VALUE),
        "place": clean(step.place),
        "line": _anchor(step.place),
        "source": clip(step.source, MOST_VALUE),
        "variable": clean(step.target) if step.result is not None else "",
        "value": None if step.result is None else clip(step.result, MOST_VALUE),
        "links": [[link.step, clean(link.why)] for link in step.links],
        "holds": list(map(clean, step.holds)),
        "handover": clean(step.handover),
        "preempts": step.switched,
        "matters": step.matters,
    }


def _anchor(place: str) -> str:
    """The id of a line of source on the page."""
    file, line = split(place)
    return f"line-{hashlib.sha256(file.encode('utf-8', 'backslashreplace')).hexdigest()[:8]}-{line}" if line else ""


# ------------------------------------------------------------------------------------------------ how it is made


@cache
def _template() -> jinja2.Template:
    try:
        import jinja2
    except ImportError as error:
        raise ImportError(
            "pages need jinja2, which is not installed; the extra brings it: pip install 'scopedenv[report]'"
        ) from error
    loader = jinja2.FunctionLoader(_part)
    environment = jinja2.Environment(
        autoescape=True, loader=loader, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"clean": clean, "value": _value, "text": _text, "said": said_of, "title": _title}
    environment.globals["anchor"] = _anchor
    return environment.get_template("page.html")


@cache
def _part(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; "
        "form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _value(text: str) -> str:
    return clip(text, MOST_VALUE)


def _text(text: str) -> str:
    return clip(text.rstrip(), MOST_TEXT)


def _title(thread: Thread) -> str:
    return clean(thread.title)
