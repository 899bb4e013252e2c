"""Which element strings belong together and which exclude each other (GS1 General Specifications,
sections 4.13 and 4.14). `n` in an identifier stands for any digit."""

from collections.abc import Iterable, Mapping
from functools import cache

_ITEM = "01 02 03 8006 8026"
_PERSON = "8017 8018"

REQUIRED: tuple[tuple[str, str], ...] = (
    ("02 8026", "37"),
    ("10 11 13 15 16 20 240 241 422", _ITEM),
    ("12 391n 415", "8020"),
    ("17", f"{_ITEM} 255"),
    ("21 251 7021 8012", "01 03 8006"),
    ("22 235 337n 710 711 712 713 714 715 716 717 8001 8014 8200", "01"),
    ("242 7001", "01 02 8006 8026"),
    ("243", "01 03"),
    ("250", "01+21 03+21 8006+21"),
    ("254", "414"),
    ("30 310n 311n 312n 313n 314n 315n 316n 32nn 350n 351n 352n 356n 357n 360n 361n 364n 365n "
     "366n 7002 7005 7006 7007 7008 7009 703n 8005", "01 02"),
    ("330n 331n 332n 333n 334n 335n 336n 34nn 353n 354n 355n 362n 363n 367n 368n 369n", "00 01"),
    ("37", "00+02 00+8026"),
    ("390n", "255 8020"),
    ("392n", "01+30 01+31nn 01+32nn 01+35nn 01+36nn"),
    ("393n 395n", "30 31nn 32nn 35nn 36nn"),
    ("394n 8111", "255"),
    ("403 4300 4301 4302 4304 4305 4306 4307 4308 4309 4310 4311 4312 4314 4315 4316 4317 4318 "
     "4319 432n 433n 7041", "00"),
    ("423 424 425 426 7003 7010 7011 8008", "01 02 03"),
    ("427", "01+422 02+422 03+422"),
    ("4303", "4302"),
    ("4313", "4312"),
    ("7004", "01+10 03+10"),
    ("7020", "01+416 03+416 8006+416"),
    ("7022", "01+7021 03+7021 8006+7021"),
    ("723n", "01 8004"),
    ("7240", "01 8006"),
    ("7241 7242 7253 7254 7255 7256 8019", _PERSON),
    ("7250 7251 7252 7257 7259", "8018"),
    ("7258", "8018+7259"),
    ("8007 8020", "415"),
    ("8009", "00 01 03"),
    ("8011", "8010"),
    ("8030", f"00 01+21 03+21 253 255 8003 8004 8006+21 8010+8011 {_PERSON}"),
    ("8040", "01+21"),
    ("8041 8042 8043", "01+21+8040"),
)  # fmt: skip
"""Each of the first needs one of the second; `+` joins what is needed together."""

EXCLUDED: tuple[tuple[str, str], ...] = (
    ("01", "255 37"),
    ("02", "01 03"),
    ("03", "01 02 37 235"),
    ("21", "235"),
    ("255", "01 02 415 8006 8020 8026"),
    ("390n", "390n 391n 394n 8111"),
    ("391n", "391n"),
    ("392n", "392n 393n"),
    ("393n", "393n"),
    ("394n", "394n 8111"),
    ("395n", "392n 393n 395n 8005"),
    ("420", "421"),
    ("421", "4307"),
    ("422 423 424 425", "426"),
    ("4330", "4331"),
    ("4332", "4333"),
    ("7240", "03"),
    ("7250", "7251"),
    ("7253 7254 7255", "7256 7259"),
    ("7259", "7256"),
    ("8006", "01 03 37"),
    ("8017", "8018"),
    ("8026", "02 03 8006"),
)
"""None of the first stands with any of the second. Every measure stands with one number of
decimals only, besides."""

KEYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "00": (), "01": (("22", "10", "21"), ("235",)), "253": (), "255": (), "401": (), "402": (),
    "414": (("254",), ("7040",)), "415": (("8020",),), "417": (("7040",),), "8003": (),
    "8004": (("7040",),), "8006": (("22", "10", "21"),), "8010": (("8011",),), "8013": (),
    "8017": (("8019",),), "8018": (("8019",),),
}  # fmt: skip
"""The keys that a GS1 Digital Link may begin with, and the qualifiers that may follow each, in
this order (GS1 Digital Link: URI syntax, section 4.3)."""

NOT_IN_QUERY = frozenset(
    ("03", "21", "22", "235", "254", "7040", "7041", "8011", "8014", "8019", "8020", "8040", "8041",
     "8042", "8043", "8200")
)  # fmt: skip
"""Element strings that a Digital Link has in its path or not at all."""

_SERIAL_FROM = {"253": 13, "255": 13, "8003": 14}
"""Where the serial number begins in keys that may have one."""


def is_like(identifier: str, pattern: str) -> bool:
    """Whether the identifier is of the pattern: `3103` is like `310n`."""
    return len(identifier) == len(pattern) and all(
        wanted in ("n", given) for given, wanted in zip(identifier, pattern, strict=True)
    )


def missing(elements: Mapping[str, str]) -> tuple[str, str] | None:
    """The first element string that lacks another, and what it needs in words of identifiers."""
    for identifier in elements:
        needed = _needed(identifier)
        if needed and not any(_has_all(elements, group) for group in needed):
            return identifier, " / ".join(needed)
    if "8030" in elements:
        return _unsigned(elements)
    return None


def _unsigned(elements: Mapping[str, str]) -> tuple[str, str] | None:
    """A digital signature is of one thing: keys with a serial number must have it."""
    for identifier, start in _SERIAL_FROM.items():
        if identifier in elements and len(elements[identifier]) <= start:
            return "8030", identifier
    return None


def _has_all(elements: Iterable[str], group: str) -> bool:
    return all(
        any(is_like(identifier, pattern) for identifier in elements) for pattern in group.split("+")
    )


@cache
def _needed(identifier: str) -> tuple[str, ...]:
    return tuple(
        group for whom, groups in REQUIRED if _names(whom, identifier) for group in groups.split()
    )


def conflict(elements: Iterable[str]) -> tuple[str, str] | None:
    """The first two element strings that exclude each other."""
    given = sorted(elements)
    for one in given:
        for other in given:
            if one != other and any(is_like(other, pattern) for pattern in _excluded(one)):
                return one, other
    return None


@cache
def _excluded(identifier: str) -> tuple[str, ...]:
    measure = (f"{identifier[:3]}n",) if _is_measure(identifier) else ()
    return measure + tuple(
        pattern for whom, others in EXCLUDED if _names(whom, identifier)
        for pattern in others.split()
    )  # fmt: skip


def _is_measure(identifier: str) -> bool:
    return len(identifier) == 4 and "310" <= identifier[:3] <= "369"


def _names(patterns: str, identifier: str) -> bool:
    return any(is_like(identifier, pattern) for pattern in patterns.split())
