"""Reading other people's files: muse, music21, mido and abc2midi on a folder of real files.

    python tests/bench/reading.py FOLDER... [--only abc,midi] [--systems muse,music21] [--limit N]
        [--show N] [--json FILE]

Every system reads every file (of an ABC book every tune). Its notes are compared with those of the
reference of that kind of file: onset from the first note (within 0.1 quarter notes), pitch, and the
number of notes. Prints a table to stderr and JSON, with a row for each file that is not read right,
to stdout or to FILE.

    read: the notes are those of the reference. wrong: they differ. refused: an error.
    alone: the reference itself refuses the file or finds no notes in it.

References: ABC: abc2midi, without guitar chords and grace notes (Debian: apt-get install abcmidi);
MIDI: mido; MusicXML: music21. A further kind is a row of KINDS, a further system an entry of it.
A folder to try: the corpus of music21, with 1 146 files of ABC by others.
"""

import argparse
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from muse.tools.datasets.abc.text import FIELD, decode, split_tunes
from muse.tools.datasets.readers import read_data

Notes = list[tuple[float, int]]  # onset in quarter notes from the first note, pitch
System = Callable[[bytes, str], Notes]

TOLERANCE = 0.1  # quarter notes: abc2midi spreads the notes of a chord
ABC2MIDI = os.environ.get("ABC2MIDI", "abc2midi")
TIMEOUT_S = 60
# what it plays as further or longer notes: rolls, trills, arpeggios, fermatas
ORNAMENT = re.compile(r"~|!(?:trill|roll|arpeggio|fermata)\(?!|[THR](?=[\^_=(]*[A-Ga-g])")
# lines by which abc2midi changes the rhythm or adds notes
UNHEARD = ("R:", "%%MIDI drum", "%%MIDI gchord", "%%MIDI beat", "%%MIDI grace")


@dataclass(frozen=True)
class Item:
    """One file, or one tune of a book."""

    name: str
    kind: str
    data: bytes


@dataclass(frozen=True)
class Outcome:
    """What a system made of an item; `detail` is the error or the first difference."""

    item: str
    kind: str
    system: str
    result: str
    detail: str
    seconds: float


def by_onset(notes: list[tuple[float, int]]) -> Notes:
    """Notes in order, with onsets from the first one."""
    first = min((onset for onset, _ in notes), default=0.0)
    return sorted((onset - first, pitch) for onset, pitch in notes)


def with_muse(data: bytes, name: str) -> Notes:
    """Read with muse."""
    ((_, song),) = read_data(data, name)
    return by_onset([(n.start_beats, n.pitch) for track in song.tracks for n in track.notes])


def with_mido(data: bytes, name: str) -> Notes:
    """Read MIDI with mido."""
    import io

    from mido import MidiFile

    midi = MidiFile(file=io.BytesIO(data))
    notes = []
    for track in midi.tracks:
        ticks = 0
        for message in track:
            ticks += message.time
            if message.type == "note_on" and message.velocity:
                notes.append((ticks / midi.ticks_per_beat, message.note))
    return by_onset(notes)


def with_music21(data: bytes, name: str) -> Notes:
    """Read with music21, repeats expanded where it can."""
    from music21 import converter, repeat, stream

    kind = {".abc": "abc", ".mid": "midi"}.get(Path(name).suffix.lower(), "musicxml")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = data if kind == "midi" else decode(data)
        score = converter.parseData(text, format=kind)
        if isinstance(score, stream.Opus):
            score = score.scores[0]
        if kind == "abc":
            with suppress(repeat.ExpanderException):
                score = score.expandRepeats()
        notes = [
            (float(element.offset), int(pitch.midi))
            for part in score.parts
            for element in part.stripTies().flatten().notes
            if "Harmony" not in element.classSet and element.quarterLength > 0
            for pitch in element.pitches
        ]
    return by_onset(notes)


def with_abc2midi(data: bytes, name: str) -> Notes:
    """Read ABC with abc2midi."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "tune.abc"), Path(folder, "tune.mid")
        source.write_bytes(without_performance(decode(data)).encode("latin-1", "replace"))
        done = subprocess.run(
            [ABC2MIDI, str(source), "-o", str(made), "-NGUI", "-NGRA", "-quiet"],
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if not made.exists():
            raise ValueError(done.stdout.decode("utf-8", "replace")[:200])
        return with_mido(made.read_bytes(), name)


def without_performance(text: str) -> str:
    """Return a tune without the lines by which abc2midi changes the rhythm or adds notes."""
    lines = (line for line in text.splitlines() if not line.startswith(UNHEARD))
    lines = (line if FIELD.match(line) else ORNAMENT.sub("", line) for line in lines)
    return "\n".join(lines) + "\n\n"


@dataclass(frozen=True)
class Kind:
    """A kind of file: its suffixes, its systems by name, the reference among them."""

    suffixes: tuple[str, ...]
    systems: dict[str, System]
    reference: str


KINDS = {
    "abc": Kind(
        (".abc",),
        {"abc2midi": with_abc2midi, "muse": with_muse, "music21": with_music21},
        "abc2midi",
    ),
    "midi": Kind((".mid", ".midi"), {"mido": with_mido, "muse": with_muse}, "mido"),
    "musicxml": Kind(
        (".musicxml", ".xml"), {"music21": with_music21, "muse": with_muse}, "music21"
    ),
}


def items_of(folder: Path, kinds: set[str]) -> Iterator[Item]:
    """Yield the files of a folder in order of names, and the tunes of each ABC book."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in [folder] if folder.is_file() else paths:
        kind = next((k for k in kinds if path.suffix.lower() in KINDS[k].suffixes), None)
        if kind == "abc":
            yield from tunes_of(path)
        elif kind:
            yield Item(str(path), kind, path.read_bytes())


def tunes_of(path: Path) -> Iterator[Item]:
    """Yield each tune of an ABC file, with the file's header, as a file of its own."""
    for tune in split_tunes(decode(path.read_bytes())):
        text = "\n".join(line.text for line in tune.lines) + "\n"
        yield Item(f"{path.parent.name}/{path.stem}#{tune.order}.abc", "abc", text.encode())


def difference(notes: Notes, reference: Notes) -> str:
    """Describe the first difference of two readings; "" if there is none."""
    places: dict[int, list[float]] = defaultdict(list)
    for onset, pitch in reference:
        places[pitch].append(onset)
    for onset, pitch in notes:
        near = places[pitch]
        index = bisect_left(near, onset - TOLERANCE)
        if index == len(near) or near[index] > onset + TOLERANCE:
            return f"pitch {pitch} at {onset:.2f} is not in the reference"
        near.pop(index)
    missing = sorted((onset, pitch) for pitch, onsets in places.items() for onset in onsets)
    return f"pitch {missing[0][1]} at {missing[0][0]:.2f} is missing" if missing else ""


def read_with(system: System, item: Item) -> tuple[Notes | None, str, float]:
    """Return the notes, or None and the error, and the seconds."""
    start = time.perf_counter()
    try:
        notes = system(item.data, Path(item.name).name)
    except Exception as error:  # whatever a reader raises is a refusal
        return None, f"{type(error).__name__}: {error}"[:200], time.perf_counter() - start
    return notes, "", time.perf_counter() - start


def outcomes_of(item: Item, systems: set[str]) -> Iterator[Outcome]:
    """Yield what each system makes of an item."""
    kind = KINDS[item.kind]
    reference, error, seconds = read_with(kind.systems[kind.reference], item)
    result = "read" if reference else "refused"
    yield Outcome(item.name, item.kind, kind.reference, result, error, seconds)
    for name, system in kind.systems.items():
        if name == kind.reference or name not in systems:
            continue
        notes, error, seconds = read_with(system, item)
        detail = error or (difference(notes or [], reference) if reference else "")
        result = "refused" if notes is None else "wrong" if detail else "read"
        if notes is not None and not reference:
            result = "alone"
        yield Outcome(item.name, item.kind, name, result, detail, seconds)


def table(outcomes: list[Outcome]) -> str:
    """Return the counts of each kind and system."""
    lines = [
        f"{'kind':10} {'system':10} {'files':>6} {'read':>6} {'wrong':>6} {'refused':>8}"
        f" {'alone':>6} {'seconds':>8}"
    ]
    for kind, system in dict.fromkeys((o.kind, o.system) for o in outcomes):
        rows = [o for o in outcomes if (o.kind, o.system) == (kind, system)]
        counts = Counter(row.result for row in rows)
        lines.append(
            f"{kind:10} {system:10} {len(rows):6} {counts['read']:6} {counts['wrong']:6}"
            f" {counts['refused']:8} {counts['alone']:6} {sum(r.seconds for r in rows):8.1f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--only", default=",".join(KINDS), help="kinds of files")
    parser.add_argument("--systems", default="muse,music21,mido", help="besides the reference")
    parser.add_argument("--limit", type=int, default=0, help="read every n-th file for N in all")
    parser.add_argument("--show", type=int, default=20, help="files to name in the text")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    logging.getLogger("muse").setLevel(logging.ERROR)
    items = [i for f in options.folders for i in items_of(f, set(options.only.split(",")))]
    step = max(len(items) // options.limit, 1) if options.limit else 1
    systems = set(options.systems.split(","))
    outcomes = [outcome for item in items[::step] for outcome in outcomes_of(item, systems)]
    bad = [outcome for outcome in outcomes if outcome.result in {"wrong", "refused"}]
    for outcome in [o for o in bad if o.system == "muse"][: options.show]:
        print(f"{outcome.result:8} {outcome.item}: {outcome.detail}", file=sys.stderr)
    print(table(outcomes), file=sys.stderr)
    report: dict[str, Any] = {
        "counts": [
            {"kind": k, "system": s, "result": r, "files": n}
            for (k, s, r), n in Counter((o.kind, o.system, o.result) for o in outcomes).items()
        ],
        "files": [asdict(outcome) for outcome in bad],
    }
    text = json.dumps(report, indent=1)
    if options.json:
        options.json.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
