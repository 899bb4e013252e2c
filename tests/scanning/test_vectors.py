"""GS1's vectors: what is valid is accepted, what is not is refused. Agreed exceptions stand here,
each with its reason."""

import json
import re
from typing import Any

from inventory.scanning import associations, content
from tests.scanning.vectors import FOLDER, bracketed, is_read, linked, needs_vectors, raw, vectors

pytestmark = needs_vectors

UNKNOWN_IDENTIFIERS = {
    # Their length is not known, so nothing behind one could be read: all are refused.
    "(89)ABC(89)ABC(89)ABC",
    "https://example.com/01/12312312312326?99=000001&89=XXX&95=INT",
}
EARLIER_EDITIONS = {
    # Words for identifiers, and GTINs without their zeros, were allowed once. Labels of that time
    # are still on the shelves, and can be misread for nothing else.
    "https://a/gtin/12312312312333",
    "https://a/01/416000336108",
}
SHORT_PART_NUMBERS = {
    # biip wants five characters in (8010), where the standard is content with fewer.
    "https://example.com/8010/0200?3133=333333&3300=000000&01=04065093955756&99=57&10=0",
}
PADDED_SIGNATURES = {
    # biip knows no padding in the digital signature (8030), which nothing here looks at.
    "12=",
}
OWN_CODES = {
    # Without a symbology identifier it is a code of our own; and a symbol with nothing in it is an
    # empty code, which is asked for again wherever a code is asked for.
    "ABC",
}
PLAIN_SYMBOLS = {
    # A symbology of other makers (X): what it holds is a code of our own.
    "]XX",
}
MIXED_CASE = {
    # A web address whose scheme is in mixed case is no Digital Link, and no code of ours either.
    "]Q1HtTps://example.com/01/12312312312333?99=TEST",
}
LISTS = ("iso3166", "iso3166alpha2", "iso3166999", "iso4217", "gcppos1", "gcppos2")
"""Rules that look a country, currency or company prefix up in a list. Lists grow, and a good label
must not be refused for it; length and characters are checked."""
LISTED = {"(426)987", "(7030)987ABC", "(4307)AA"}
COUNTRY_OF_ACCOUNT = "GS1_LINTER_ILLEGAL_IBAN_COUNTRY_CODE"
COUPONS = ("couponcode", "couponposoffer")
"""North American coupons are for tills: (8110) and (8112) are refused, valid or not."""


def disagreements(cases: list[dict[str, Any]], is_accepted: Any, *agreed: set[str]) -> list[str]:
    exceptions = set().union(*agreed)
    return [
        case["input"]
        for case in cases
        if bool(is_accepted(case["input"])) != case["ok"] and case["input"] not in exceptions
    ]


def in_order(given: str) -> list[tuple[str, str]]:
    """What `^01…^10…` holds, as pairs."""
    said = raw(given) or {}
    return sorted(said.items())


def test_raw_element_strings() -> None:
    assert disagreements(vectors("raw_parse"), raw) == []


def test_bracketed_element_strings() -> None:
    assert disagreements(vectors("bracketed_parse"), bracketed) == []


def test_digital_links() -> None:
    flagged = {"permitZeroSuppressedGTIN", "convenienceAlphas"}
    cases = [case for case in vectors("dl_parse") if not flagged & set(case.get("flags", {}))]
    earlier = [case for case in vectors("dl_parse") if flagged & set(case.get("flags", {}))]
    assert disagreements(cases, linked, EARLIER_EDITIONS) == []
    assert disagreements(earlier, linked) == []
    for case in cases + earlier:
        if case["ok"]:
            assert sorted((linked(case["input"]) or {}).items()) == in_order(case["expect"])


def test_digital_links_that_others_make() -> None:
    for case in vectors("dl_generate"):
        if case["ok"] and case["expect"] not in UNKNOWN_IDENTIFIERS | SHORT_PART_NUMBERS:
            assert linked(case["expect"]) == bracketed(case["input"]), case


def test_paths_of_digital_links() -> None:
    """Every sequence of keys and qualifiers that is valid, and none with two of them changed."""
    keys = {
        "01": "12312312312333", "253": "1231231231232", "255": "1231231231232", "401": "1234A",
        "402": "12312312312312319", "414": "9520123456788", "417": "9520123456788",
        "8003": "09520123456788", "8004": "9520", "8006": "123123123123330102", "8010": "95200",
        "8013": "1987654Ad4X4bL5ttr2310c2K", "8017": "123456789012345675",
        "8018": "123456789012345675", "7040": "1ABC", "8011": "1", "8019": "1",
    }  # fmt: skip
    for sequence in vectors("dl_path_sequences_valid"):
        parts = [f"{name}/{keys.get(name, 'A1')}" for name in sequence]
        assert linked("https://example.com/" + "/".join(parts)), sequence
        swapped = [parts[0], *reversed(parts[1:])]
        if len(parts) > 2:
            assert not linked("https://example.com/" + "/".join(swapped)), sequence


def test_associations() -> None:
    assert disagreements(vectors("ai_association"), is_read, UNKNOWN_IDENTIFIERS) == []


def test_scans() -> None:
    agreed = (OWN_CODES, PLAIN_SYMBOLS, MIXED_CASE)
    assert disagreements(vectors("scan_parse"), is_read, *agreed) == []
    made = [case["expect"] for case in vectors("scan_generate") if case["expect"]]
    assert len(made) > 15
    assert [text for text in made if not is_read(text)] == []


def test_content_within_messages() -> None:
    cases = [
        {"input": case["input"], "ok": case["error"] is None} for case in vectors("ai_linters")
    ]
    assert disagreements(cases, bracketed, LISTED) == []


def test_rules_of_content() -> None:
    """Each rule by itself; those of character sets in an element string that has the set."""
    carriers = {"cset82": "99", "cset64": "8030", "csetnumeric": "242"}
    wrong = []
    for case in vectors("linters"):
        name, text = case["linter"], case["input"]
        if name in (*LISTS, *COUPONS) or case.get("error") == COUNTRY_OF_ACCOUNT:
            continue
        if name == "cset64" and text in PADDED_SIGNATURES:
            continue
        if name in content.RULES:
            accepted = content.RULES[name](text)
        elif name == "cset39" and not 5 <= len(text) <= 30:
            continue  # as biip has it; see above
        elif name == "cset39":
            accepted = bool(re.match("[0-9]{4}", text)) and raw(f"^8010{text}") is not None
            if case["ok"] and not re.match("[0-9]{4}", text):
                continue  # (8010) begins with a company prefix besides
        elif name == "csetnumeric" and len(text) > 6:
            continue  # longer than any number of its kind
        else:
            accepted = raw(f"^{carriers[name]}{text}") is not None
        if accepted != case["ok"]:
            wrong.append(case)
    assert wrong == []


def test_associations_are_those_of_the_dictionary() -> None:
    """Our table against GS1's syntax dictionary, identifier by identifier."""
    entries = json.loads((FOLDER / "syntax_dictionary.json").read_text())
    for entry in entries:
        first, last = entry["ai"], entry["ai_last"]
        for number in range(int(first), int(last) + 1):
            identifier = str(number).zfill(len(first))
            required, excluded = _attributes(entry, "req"), _attributes(entry, "ex")
            assert set(associations._needed(identifier)) == required, identifier
            assert set(associations._excluded(identifier)) <= excluded, identifier
            for pattern in excluded:
                assert _excludes(identifier, pattern), (identifier, pattern)


def _attributes(entry: dict[str, Any], name: str) -> set[str]:
    return {
        pattern
        for attribute in entry["attributes"]
        if attribute.startswith(f"{name}=")
        for pattern in attribute.removeprefix(f"{name}=").split(",")
    }


def _excludes(identifier: str, pattern: str) -> bool:
    other = pattern.replace("n", "1" if identifier.endswith("0") else "0")
    return other == identifier or associations.conflict([identifier, other]) is not None


def test_keys_are_those_of_the_dictionary() -> None:
    entries = json.loads((FOLDER / "syntax_dictionary.json").read_text())
    keys = {}
    for entry in entries:
        for attribute in entry["attributes"]:
            if attribute.startswith("dlpkey"):
                ways = attribute.removeprefix("dlpkey").lstrip("=")
                keys[entry["ai"]] = tuple(tuple(way.split(",")) for way in ways.split("|") if way)
    assert keys == associations.KEYS
    assert {entry["ai"] for entry in entries if not entry["dl_attribute"]} == (
        associations.NOT_IN_QUERY
    )
