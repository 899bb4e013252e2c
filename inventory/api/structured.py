"""Structured fields of HTTP (RFC 9651), as far as the API reads them: an item that is a string."""

import re

_STRING = r'"(?P<text>(?:[ !#-\[\]-~]|\\["\\])*)"'
_VALUE = r'(?:"(?:[ !#-\[\]-~]|\\["\\])*"|[!#-+\--:<-~]+)'
_PARAMETERS = rf"(?:; *[a-z*][a-z0-9_\-.*]*(?:={_VALUE})?)*"
_ITEM = re.compile(_STRING + _PARAMETERS)


def string_of(field: str) -> str:
    """The text of a field that is a string in quotes; its parameters are passed over.

    Raises ValueError for what is none.
    """
    found = _ITEM.fullmatch(field.strip(" "))
    if found is None:
        raise ValueError(field)
    return re.sub(r'\\(["\\])', r"\1", found["text"])
