"""Reads .sfz maps: which sample is played at which key and velocity.

Understood are the headers control, global, master, group and region, #include and #define, and the
opcodes of OPCODES; others, such as filters and controllers, are ignored. Regions that need a
controller, a release or a key switch are left out, and of round robins all are taken.
Source: sfzformat.com.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from muse.tools.errors import BadInputError
from muse.tools.training.studio.sampler import SUFFIXES, Region, pitch_in_name

HEADERS = ("control", "global", "master", "group", "region")  # each is emptied by those before it
TOKEN = re.compile(r"<(\w+)>|(\w+)=(.*?)(?=\s+\w+=|\s*<|\s*$)")
INCLUDE = re.compile(r'#include\s+"([^"]+)"')
DEFINE = re.compile(r"#define\s+(\$\w+)\s+(\S+)")
COMMENT = re.compile(r"//.*$")
DEEPEST_INCLUDE = 8
NUMBER = re.compile(r"-?\d+")  # what follows it is ignored, as other players do
SKIPPED = {"trigger": ("release", "release_key", "legato")}
ONE_SHOT_RELEASE_S = 2.0  # of samples that sound to their end
NEEDS_CONTROLLER = re.compile(r"^(?:lo|on_lo)(?:hd)?cc\d+$")

Opcodes = dict[str, str]


def read_sfz(path: Path) -> tuple[Region, ...]:
    """Return the regions of a map whose samples exist, also under another suffix.

    Raises:
        BadInputError: the map or a file that it includes cannot be read.
    """
    found = (to_region(opcodes, path.parent) for opcodes in read_opcodes(path))
    return tuple(region for region in found if region is not None)


def read_opcodes(path: Path) -> Iterator[Opcodes]:
    """Yield the opcodes of each region, with those that it inherits."""
    levels: dict[str, Opcodes] = {header: {} for header in HEADERS}
    current = "control"
    for line in read_lines(path, path.parent, {}):
        for header, name, value in TOKEN.findall(line):
            if name:
                levels.setdefault(current, {})[name.lower()] = value.strip()
                continue
            if current == "region":
                yield merged(levels)
            current = header
            if header in HEADERS:
                first = HEADERS.index(header)
                levels.update({lower: {} for lower in HEADERS[max(first, 1) :]})
            else:
                levels[header] = {}
    if current == "region":
        yield merged(levels)


def merged(levels: dict[str, Opcodes]) -> Opcodes:
    """Return the opcodes of a region; those of lower headers replace those of higher ones."""
    total: Opcodes = {}
    for header in HEADERS:
        total |= levels[header]
    return total


def read_lines(path: Path, root: Path, names: dict[str, str], depth: int = 0) -> Iterator[str]:
    """Yield the lines of a map without comments, with included files and definitions in place.

    Raises:
        BadInputError: a file is missing or includes itself.
    """
    if depth > DEEPEST_INCLUDE:
        raise BadInputError(f"{path}: includes itself")
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}") from error
    for raw in text.splitlines():
        line = COMMENT.sub("", raw).strip()
        names.update(DEFINE.findall(line))
        line = DEFINE.sub("", line)
        for name in sorted(names, key=len, reverse=True):
            line = line.replace(name, names[name])
        before, *included = INCLUDE.split(line)
        yield before
        for file, after in zip(included[::2], included[1::2], strict=True):
            yield from read_lines(root / file, root, names, depth + 1)
            yield after


def to_region(opcodes: Opcodes, folder: Path) -> Region | None:
    """Return the region of opcodes; None if it is not played by a note alone or has no sample."""
    if any(opcodes.get(name) in values for name, values in SKIPPED.items()):
        return None
    if any(NEEDS_CONTROLLER.match(name) and float(v) > 0 for name, v in opcodes.items()):
        return None
    path = find_sample(folder, opcodes.get("default_path", "") + opcodes.get("sample", ""))
    if path is None:
        return None
    key = opcodes.get("key")
    center = key_of(opcodes.get("pitch_keycenter", key or "60"))
    cents = float(opcodes.get("tune", 0)) + 100.0 * float(opcodes.get("transpose", 0))
    return Region(
        path,
        center - cents / 100.0,
        (key_of(opcodes.get("lokey", key or "0")), key_of(opcodes.get("hikey", key or "127"))),
        (int(opcodes.get("lovel", 1)), int(opcodes.get("hivel", 127))),
        release_of(opcodes),
        loop_of(opcodes),
        float(opcodes.get("volume", 0)),
    )


def release_of(opcodes: Opcodes) -> float:
    """Return the time in seconds in which a note fades after its end."""
    if opcodes.get("loop_mode") == "one_shot":
        return ONE_SHOT_RELEASE_S
    return min(float(opcodes.get("ampeg_release", 0.05)), ONE_SHOT_RELEASE_S)


def loop_of(opcodes: Opcodes) -> tuple[int, int] | None:
    """Return the first and last frame of a loop; None if there is none."""
    if opcodes.get("loop_mode", "loop_continuous") not in ("loop_continuous", "loop_sustain"):
        return None
    if "loop_start" not in opcodes or "loop_end" not in opcodes:
        return None
    return int(opcodes["loop_start"]), int(opcodes["loop_end"])


def key_of(text: str) -> int:
    """Return the MIDI number of a key, written as a number or as a name with C4 = 60.

    Raises:
        BadInputError: it is neither.
    """
    named, number = pitch_in_name(text), NUMBER.match(text)
    if named is None and number is None:
        raise BadInputError(f"'{text}' is not a key of an .sfz map")
    return int(number[0]) if number else named or 0


def find_sample(folder: Path, name: str) -> Path | None:
    """Return the file of a sample, with the suffix of the map or another one; None if missing."""
    path = folder / name.replace("\\", "/").strip()
    if not name or not path.parent.is_dir():
        return None
    candidates = [path, *(path.with_name(path.stem + suffix) for suffix in sorted(SUFFIXES))]
    return next((each for each in candidates if each.is_file()), None)
