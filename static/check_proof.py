#!/usr/bin/env python3
"""Check, without Forestage and without a network, that a record is what was sealed.

    python3 check_proof.py PROOF.json NUMBER:HASH

PROOF.json is what Forestage gave out for the record. NUMBER:HASH is a seal as it was published,
from a message you kept: it is the only thing you have to trust. Exits 0 and shows the record if the
proof leads from it to that seal, 1 if it does not.

How: a record's entry is its number (8 bytes, big-endian) and the SHA-256 of its content. Entries
are hashed up to the root of their batch as in RFC 6962. The seal's body names the root; each seal
is the SHA-256 of 0x02, the seal before, and the SHA-256 of its body.
"""

import json
import sys
from hashlib import sha256
from pathlib import Path


def check(proof: dict, published: str) -> dict:
    """The record, if the proof holds; ValueError if it does not."""
    record, seal = proof["record"], proof["seal"]
    content, body = json.loads(record["content"]), json.loads(seal["body"])
    digest = sha256(record["content"].encode()).digest()
    entry = record["number"].to_bytes(8, "big", signed=True) + digest
    found = sha256(b"\x00" + entry).digest()
    for step in proof["path"]:
        beside = bytes.fromhex(step["hash"])
        pair = beside + found if step["side"] == "left" else found + beside
        found = sha256(b"\x01" + pair).digest()
    expect(proof["format"] == body["format"] == 1, "this script knows format 1 only")
    expect(found.hex() == body["root"], "the record is not in the batch")
    expect(record["table"] == body["table"], "the batch holds other records")
    expect(body["first"] <= record["number"] <= body["last"], "the batch holds other numbers")
    expect(sorted(content) == sorted(body["columns"]), "the batch holds other columns")
    digests = [sha256(seal["body"].encode()).hexdigest(), *proof["chain"]]
    link = bytes.fromhex(seal["previous"])
    for digest in digests:
        link = sha256(b"\x02" + link + bytes.fromhex(digest)).digest()
    sequence = body["sequence"] + len(proof["chain"])
    expect(f"{sequence}:{link.hex()}" == published, "it does not lead to the published seal")
    return {"table": record["table"], "number": record["number"], **content}


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def main(arguments: list) -> int:
    if len(arguments) != 2:
        print(__doc__)
        return 2
    try:
        proof = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        record = check(proof, arguments[1].strip().lower())
    except OSError as error:
        print(f"The proof cannot be read: {error}")
        return 2
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        print(f"NOT PROVEN: {error}")
        return 1
    print(f"PROVEN by seal {arguments[1].partition(':')[0]}:")
    print(json.dumps(record, indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
