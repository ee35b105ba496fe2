"""`parse … xml`: the text at a path of XML.

Paths are those of Python's ElementTree, from the document on, with `/@name` at the end for an
attribute. Prefixes of names are left out in paths and in documents, which need not declare them.
A document type could name entities that grow without end, so a document that has one is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers.expat import ExpatError, ParserCreate

from cwnb.errors import MalformedQuery

_ATTRIBUTE = re.compile(r"(?P<elements>.*?)(?P<slashes>//?)@(?P<name>[\w:.-]+)", re.DOTALL)
_QUOTED = re.compile(r"""('[^']*'|"[^"]*")""")
_PREFIX = re.compile(r"[^\W\d][\w.-]*:(?=[^\W\d]|\*)")
_TEXT = "/text()"


@dataclass(frozen=True)
class XmlPath:
    """A path of elements, in ElementTree's form, and the attribute that is wanted of them."""

    elements: str
    attribute: str | None = None

    def read(self, text: str) -> str | None:
        """Give the text at the path in a document; None for none, and for what is no XML."""
        document = _parsed(text)
        if document is None:
            return None
        for element in document.iterfind(self.elements):
            if self.attribute is None:
                return "".join(element.itertext())
            if self.attribute in element.attrib:
                return element.attrib[self.attribute]
        return None


@lru_cache(maxsize=256)
def xml_path(written: str) -> XmlPath:
    """Read a path as a query has it; raises MalformedQuery for what is none."""
    path, attribute = (
        "".join(
            part if place % 2 else _PREFIX.sub("", part)
            for place, part in enumerate(_QUOTED.split(written.strip()))
        ),
        None,
    )
    if match := _ATTRIBUTE.fullmatch(path):
        attribute = match["name"]
        # `//@id` is an attribute of any element.
        path = match["elements"] + ("//*" if match["slashes"] == "//" else "")
    path = path.removesuffix(_TEXT)
    if not path.strip("/."):
        raise MalformedQuery(f"the path {written!r} names no element; write one such as '/a/b'")
    elements = f".{path}" if path.startswith("/") else f"./{path}"
    try:
        list(Element("document").iterfind(elements))
    except (SyntaxError, LookupError, TypeError, ValueError, RuntimeError) as error:
        # ElementTree says what is wrong only where it raises a SyntaxError.
        reason = f": {error.msg}" if isinstance(error, SyntaxError) else ""
        message = f"{written!r} is no path of XML{reason}; write one such as '/a/b'"
        raise MalformedQuery(message) from None
    return XmlPath(elements, attribute)


class _Refused(Exception):
    """The document has a document type."""


def _parsed(text: str) -> Element | None:
    """Give an element that holds the root of a document; None for what is no XML."""
    if "<" not in text:
        return None
    builder = TreeBuilder()

    def start(name: str, attributes: dict[str, str]) -> None:
        builder.start(_local(name), {_local(key): value for key, value in attributes.items()})

    def refuse(*_: object) -> NoReturn:
        raise _Refused

    # Without a separator of namespaces the parser leaves prefixes alone, declared or not.
    parser = ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: builder.end(_local(name))
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text.strip(), True)
    except (ExpatError, _Refused):
        return None
    document = Element("document")
    document.append(builder.close())
    return document


def _local(name: str) -> str:
    return name.rpartition(":")[2]
