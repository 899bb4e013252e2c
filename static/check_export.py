#!/usr/bin/env python3
"""Check, without Forestage and without a network, that an export of the ledger is whole.

    python3 check_export.py EXPORT.zip [SHA256] [NUMBER:HASH]

EXPORT.zip is what Forestage gave out. SHA256 is the checksum that its audit trail has of the file,
NUMBER:HASH a seal as it was published, from a message you kept. Exits 0 if everything agrees, 1 if
something does not, 2 if the file cannot be read.

How: every file has the digest, the rows and the numbers that the manifest says; the sums of the
movements come out anew; each seal's hash follows from what it says and the seal before; no batch
that was sealed within the range lacks a row, and none has one too many. An export that says it
holds the records of some sites alone has gaps, and no batch with a row too many.
"""

import csv
import io
import json
import re
import sys
from bisect import bisect_left, bisect_right
from decimal import Decimal
from hashlib import sha256
from zipfile import BadZipFile, ZipFile

DISARMED = ("'=", "'+", "'-", "'@")
FORMAT = "forestage-ledger-export/1"


def check(path: str, checksum: str = "", published: str = "") -> list:
    """What agrees, in words; ValueError for what does not."""
    if checksum:
        expect(file_digest(path) == checksum, "the file is not the one that the trail names")
    with ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        expect(manifest["format"] == FORMAT, f"this script knows {FORMAT} only")
        said = [checksum and "the file is the one that the audit trail names"]
        numbers = {}
        for file in manifest["files"]:
            numbers[file["records"]] = check_file(archive, file, manifest)
            said.append(f"{file['name']}: {file['rows']} rows, {file['first']} to {file['last']}")
            if not file["settled"]:
                said.append("  others were being written meanwhile: some may have come since")
        seals = read_seals(archive, manifest["seals"])
        some = manifest.get("sites")
        if some is not None:
            said.append(f"it holds the records of {', '.join(some)} alone")
        said += check_seals(seals, numbers, published, in_part=some is not None)
    return [line for line in said if line]


def check_file(archive: ZipFile, file: dict, manifest: dict) -> list:
    """The numbers of a file's rows, if it is what the manifest says."""
    name = file["name"]
    with archive.open(name) as member:
        expect(stream_digest(member) == file["sha256"], f"{name}: the digest differs")
    numbers, sums = [], {}
    for row in rows_of(archive, name):
        numbers.append(int(row["id"]))
        if name.startswith("movements."):
            tally = sums.setdefault((row["material"], row["unit"], row["kind"]), [0, Decimal(0)])
            tally[0] += 1
            tally[1] += Decimal(row["quantity"])
    expect(len(numbers) == file["rows"] == file["counted"], f"{name}: rows are missing or extra")
    expect(numbers == sorted(set(numbers)), f"{name}: rows are doubled or out of order")
    ends = (numbers[0], numbers[-1]) if numbers else (None, None)
    expect(ends == (file["first"], file["last"]), f"{name}: it begins or ends elsewhere")
    if name.startswith("movements."):
        told = {}
        for one in manifest["sums"]:
            group = (one["material"], one["unit"], one["kind"])
            told[group] = [one["movements"], Decimal(one["quantity"])]
        expect(sums == told, f"{name}: the sums differ")
    return numbers


def rows_of(archive: ZipFile, name: str):
    """Each row by its columns. What a spreadsheet would compute has an apostrophe in front."""
    with archive.open(name) as member:
        text = io.TextIOWrapper(member, "utf-8", newline="")
        if name.endswith(".csv"):
            for row in csv.DictReader(text):
                yield {key: value[value[:2] in DISARMED :] for key, value in row.items()}
        else:
            yield from (json.loads(line) for line in text)


def read_seals(archive: ZipFile, file: dict) -> list:
    """The seals, if each is what its hash says."""
    name = file["name"]
    with archive.open(name) as member:
        expect(stream_digest(member) == file["sha256"], f"{name}: the digest differs")
    seals = list(rows_of(archive, name))
    expect(len(seals) == file["rows"], f"{name}: seals are missing or extra")
    for seal in seals:
        digest = sha256(seal["body"].encode()).digest()
        link = sha256(b"\x02" + bytes.fromhex(seal["previous"]) + digest).hexdigest()
        expect(link == seal["hash"], f"seal {seal['sequence']}: its hash is of something else")
        body = json.loads(seal["body"])
        named = ("sequence", "table", "first", "last", "count")
        same = all(body[key] == seal[key] for key in named)
        expect(same, f"seal {seal['sequence']}: it says something else")
    chain = {seal["sequence"]: seal for seal in seals}
    for sequence, seal in chain.items():
        after = chain.get(sequence + 1)
        if after:
            expect(after["previous"] == seal["hash"], f"seal {sequence + 1}: follows another one")
    return seals


def check_seals(seals: list, numbers: dict, published: str, in_part: bool):
    """Each batch that lies within a file has as many rows as were sealed. Of an export that holds
    the records of some sites, no more than that."""
    whole = 0
    for seal in seals:
        found = numbers.get(seal["table"], [])
        if found and found[0] <= seal["first"] and seal["last"] <= found[-1]:
            start, end = bisect_left(found, seal["first"]), bisect_right(found, seal["last"])
            sequence = seal["sequence"]
            right = end - start <= seal["count"] if in_part else end - start == seal["count"]
            expect(right, f"seal {sequence}: rows are missing or extra")
            whole += 1
    if in_part:
        yield f"{len(seals)} seals, which cover rows of other sites too: none says what is missing"
    elif whole:
        yield f"{len(seals)} seals, {whole} of them over rows that are all here: none is missing"
    else:
        yield f"{len(seals)} seals, none of them over rows of this export alone"
    if published:
        sealed = {f"{seal['sequence']}:{seal['hash']}" for seal in seals}
        expect(published in sealed, "the published seal is not among them")
        yield f"seal {published.partition(':')[0]} is the published one"


def stream_digest(stream) -> str:
    digest = sha256()
    while True:
        piece = stream.read(1 << 16)
        if not piece:
            return digest.hexdigest()
        digest.update(piece)


def file_digest(path: str) -> str:
    with open(path, "rb") as file:  # noqa: PTH123 - as in any script
        return stream_digest(file)


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def main(arguments: list) -> int:
    path, *rest = arguments or [""]
    known = {"published" if ":" in one else "checksum": one.strip().lower() for one in rest}
    odd = [one for one in known.values() if not re.fullmatch(r"[0-9a-f:]+", one)]
    if not path or odd or len(known) != len(rest):
        print(__doc__)
        return 2
    try:
        said = check(path, **known)
    except (OSError, BadZipFile) as error:
        print(f"The export cannot be read: {error}")
        return 2
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        print(f"NOT WHOLE: {error}")
        return 1
    print("WHOLE:")
    print("\n".join(f"  {line}" for line in said))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
