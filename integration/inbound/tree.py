"""A document as elements with paths, whether it came as XML or as JSON of the same names."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.parsers import BaseParser

from inventory.api.parsers import BodyTooLarge


@dataclass(frozen=True, slots=True)
class Node:
    """One element: its name without a namespace, and where it stands in the document."""

    name: str
    path: str
    content: Any

    @property
    def text(self) -> str:
        """What is written in it; '' where there is none, or other elements."""
        if isinstance(self.content, Element):
            return (self.content.text or "").strip() if len(self.content) == 0 else ""
        return str(self.content) if isinstance(self.content, str | int | Decimal) else ""

    def kids(self) -> Iterator["Node"]:
        """The elements in it, in their order; one among several of a name is numbered from 1."""
        named = list(self._named())
        many = Counter(name for name, _content in named)
        seen: Counter[str] = Counter()
        for name, content in named:
            seen[name] += 1
            step = f"{name}[{seen[name]}]" if many[name] > 1 else name
            yield Node(name, f"{self.path}/{step}".lstrip("/"), content)

    def _named(self) -> Iterator[tuple[str, Any]]:
        if isinstance(self.content, Element):
            for element in self.content:
                yield str(element.tag).rpartition("}")[2], element
        elif isinstance(self.content, dict):
            for name, content in self.content.items():
                for one in content if isinstance(content, list) else [content]:
                    yield str(name), one

    def all(self, *names: str) -> list["Node"]:
        return [kid for kid in self.kids() if kid.name in names]

    def first(self, *path: str) -> "Node | None":
        """The first element that the names lead to, if there is one."""
        node: Node | None = self
        for name in path:
            node = next(iter(node.all(name)), None) if node else None
        return node


def of_json(data: Any) -> Node:
    return Node("", "", data)


class XmlParser(BaseParser):
    """XML up to `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes, without document types and entities."""

    media_type = "application/xml"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Refuses `body_too_large` (413) and `parse_error` (400)."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge
        try:
            root = fromstring(body, forbid_dtd=True)
        except DefusedXmlException as error:
            raise exceptions.ParseError(
                _("Send XML without a document type, entities and references.")
            ) from error
        except (ParseError, ValueError, LookupError) as error:
            raise exceptions.ParseError(_("This is not XML: %s") % error) from error
        document = Element("document")
        document.append(root)
        return Node("", "", document)


class TextXmlParser(XmlParser):
    media_type = "text/xml"
