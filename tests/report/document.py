"""An HTML page, read by the standard library's parser: its elements, their texts, and what a reader needs of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

_EMPTY = {"meta", "input", "br", "link", "img"}


@dataclass(eq=False)
class Element:
    """An element: its tag, attributes, text (that of what is in it included), and those around it."""

    tag: str
    attributes: dict[str, str]
    around: tuple[Element, ...] = field(repr=False)
    text: str = ""

    def inside(self, tag: str) -> bool:
        """Whether it is in a `tag`."""
        return any(each.tag == tag for each in self.around)


@dataclass(eq=False, repr=False)
class Document(HTMLParser):
    """A parsed page. `left_open` are tags that are not closed, in a page that is not well-formed."""

    page: str
    elements: list[Element] = field(default_factory=list)
    left_open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self._open: list[Element] = []
        self.feed(self.page)
        self.close()
        self.left_open += [element.tag for element in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open))
        self.elements.append(element)
        if tag not in _EMPTY and not self.get_starttag_text().endswith("/>"):
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1].tag == tag:
            self._open.pop()
        else:
            self.left_open.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Every `tag` that has these attributes; ``_`` stands for ``-``, ``class_`` is one of the classes."""
        return [each for each in self.elements if each.tag == tag and _has(each, attributes)]

    def one(self, tag: str, **attributes: str) -> Element:
        """The only such element."""
        (found,) = self.all(tag, **attributes)
        return found

    def ids(self) -> Counter[str]:
        """How often each id is given."""
        return Counter(each.attributes["id"] for each in self.elements if "id" in each.attributes)

    def name(self, element: Element) -> str:
        """What a screen reader calls `element`."""
        attributes = element.attributes
        if "aria-label" in attributes:
            return attributes["aria-label"]
        if "aria-labelledby" in attributes:
            return " ".join(each.text for name in attributes["aria-labelledby"].split() for each in self.by_id(name))
        labels = [each for each in self.all("label") if each.attributes.get("for") == attributes.get("id")]
        return "".join(label.text for label in labels) or element.text

    def by_id(self, name: str) -> list[Element]:
        """The elements with the id `name`."""
        return [each for each in self.elements if each.attributes.get("id") == name]


def _has(element: Element, attributes: dict[str, str]) -> bool:
    for name, value in attributes.items():
        if name == "class_":
            if value not in element.attributes.get("class", "").split():
                return False
        elif element.attributes.get(name.replace("_", "-")) != value:
            return False
    return True
