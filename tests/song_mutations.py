"""Damaged Song documents, made from valid ones by a seeded generator."""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

from tests.mutations import Damage, cut, cut_out, doubled, flip_bits, wild_bytes

WRONG_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1e308,
    -1e308,
    1e-308,
    float("nan"),
    float("inf"),
    10**400,
    2**31,
    2**63,
    2**64,
    -(2**63),
    12,
    128,
    32_768,
    100_000,
    1e9,
    "",
    "x",
    "\ud800",
    "Z#maj",
    [],
    {},
    [[]],
    [0, 1, 60, 64],
    {"beat": 0},
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) of a JSON value, the outermost first."""
    found: list[tuple[Any, Any]] = []
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        found.append((value, key))
        found += places(value[key])
    return found


def damaged_document(data: bytes, rng: random.Random) -> bytes:
    """Replace, double or remove one to three values of a document."""
    document = json.loads(data)
    for _ in range(rng.randint(1, 3)):
        found = places(document)
        # choose the key first, else nearly all damage would be to notes
        kind = rng.choice(sorted({str(key) for _, key in found}))
        damage_place(*rng.choice([place for place in found if str(place[1]) == kind]), rng)
    text = json.dumps(document, ensure_ascii=rng.random() < 0.5)
    return text.encode("utf-8", "surrogatepass")


def damage_place(container: Any, key: Any, rng: random.Random) -> None:
    """Change one value of a document."""
    way = rng.randrange(8)
    if way == 0:
        del container[key]
    elif way == 1 and isinstance(container, list):
        container.insert(rng.randrange(len(container) + 1), container[key])
    elif way == 2 and isinstance(container[key], int | float):
        container[key] = -container[key] or -1
    elif way == 3 and isinstance(container[key], int | float):
        container[key] = container[key] * 10 ** rng.randint(1, 12)
    else:
        container[key] = rng.choice(WRONG_VALUES)


def damaged_text(data: bytes, rng: random.Random) -> bytes:
    """Change bytes of the document, or replace, repeat or cut the text as a whole."""
    deep = 5_000
    ways: list[Damage] = [
        flip_bits,
        wild_bytes,
        cut,
        cut_out,
        doubled,
        lambda d, _: b'{"tracks":' + b"[" * deep + b"]" * deep + b"}",
        lambda d, _: (
            b'{"made_by":{"command":"x","version":"1","params":{"a":'
            + b"[" * deep
            + b"]" * deep
            + b"}}}"
        ),
        lambda d, _: d[:-2] + b',"tracks":[],"tempos":[{"beat":0,"bpm":60}]}',  # keys twice
        lambda d, _: d.replace(b"name", b"na\xff\xfe", 1),
        lambda d, _: d.replace(b'"name":"', b'"name":"\xed\xa0\x80', 1),
        lambda d, _: b"\xef\xbb\xbf" + d,
        lambda d, _: d.decode("utf-8").encode("utf-16"),
    ]
    return rng.choice(ways)(data, rng)


def damaged_songs(
    documents: Sequence[bytes], count: int, seed: int, first: int = 0
) -> Iterator[tuple[str, bytes]]:
    """Yield `count` damaged Song documents: three of four in values, the others in the text."""
    for number in range(first, first + count):
        rng = random.Random(f"{seed}-{number}")
        damage = damaged_text if rng.random() < 0.25 else damaged_document
        yield f"{seed}-{number} {damage.__name__}", damage(rng.choice(documents), rng)
