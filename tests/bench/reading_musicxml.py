"""MusicXML files as muse and music21 read them: read, refused, and files whose notes differ.

Compared are onset and sounding pitch of all notes of all parts, with repeats played; grace notes,
cue notes and notes without a pitch are left out. `differing` files need a look: music21 plays some
repeats otherwise, takes the end of a bar from its signature, and repeats no percent signs.

    python tests/bench/reading_musicxml.py [FOLDER ...] [--every 10] [--list] [--json FILE]

Without a folder, the scores of music21's corpus are read.
"""

import argparse
import json
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from muse.tools.datasets.musicxml import read_musicxml
from muse.tools.errors import BadInputError

SUFFIXES = {".xml", ".mxl", ".musicxml"}
RESOLUTION = 10_080  # ticks to a quarter note; all usual tuplets are whole
Notes = Counter[tuple[int, int]]  # (onset in ticks, MIDI pitch)


def find_files(folders: Sequence[str]) -> list[Path]:
    """Return the MusicXML files of folders; of music21's corpus without any."""
    if not folders:
        import music21

        folders = [str(Path(music21.__file__).parent / "corpus")]
    found = (path for folder in folders for path in Path(folder).rglob("*"))
    return sorted(path for path in found if path.suffix.lower() in SUFFIXES)


def muse_notes(path: Path) -> Notes:
    """Return the pitched notes that muse reads; raises BadInputError."""
    ((_, song),) = read_musicxml(path.read_bytes(), path.name)
    return Counter(
        (round(note.start_beats * RESOLUTION), note.pitch)
        for track in song.tracks
        if not track.is_drum
        for note in track.notes
    )


def music21_notes(path: Path) -> Notes:
    """Return the pitched notes that music21 reads, with repeats where it can play them."""
    from music21 import converter

    score = converter.parse(path, forceSource=True)
    notes: Notes = Counter()
    for part in score.parts:
        part = played(part)
        notes += Counter(pitches_of(part.toSoundingPitch().stripTies()))
    return notes


def played(part: Any) -> Any:
    """Return a part with its repeats played; the part itself where music21 finds none to play."""
    from music21 import exceptions21

    try:
        return part.expandRepeats()
    except (exceptions21.Music21Exception, AttributeError, IndexError, KeyError):
        return part


def pitches_of(part: Any) -> Iterator[tuple[int, int]]:
    """Yield onset and pitch of the notes of a part."""
    for element in part.flatten().notes:
        if "Harmony" in element.classSet or not element.quarterLength or is_cue(element):
            continue
        onset = round(Fraction(element.offset) * RESOLUTION)
        for pitch in element.pitches:
            yield onset, pitch.midi


def is_cue(element: Any) -> bool:
    """Return whether a note is a cue note, or has a slash for its head."""
    return getattr(element, "notehead", None) == "slash" or element.style.noteSize == "cue"


def aligned(notes: Notes) -> Notes:
    """Return notes with the first onset at 0: muse shifts a pickup, music21 does not."""
    first = min((onset for onset, _ in notes), default=0)
    return Counter({(onset - first, pitch): count for (onset, pitch), count in notes.items()})


def compare(path: Path) -> dict[str, Any]:
    """Return how a file is read by both."""
    begin = time.perf_counter()
    try:
        ours = aligned(muse_notes(path))
    except BadInputError as error:
        return {"file": path.name, "state": "refused", "why": str(error)}
    seconds = time.perf_counter() - begin
    try:
        theirs = aligned(music21_notes(path))
    except Exception as error:  # whatever music21 stumbles over
        return {"file": path.name, "state": "read by muse only", "why": repr(error)[:80]}
    music21_seconds = time.perf_counter() - begin - seconds
    missing, extra = (theirs - ours).total(), (ours - theirs).total()
    return {
        "file": path.name,
        "state": "differing" if missing or extra else "equal",
        "notes": theirs.total(),
        "missing": missing,
        "extra": extra,
        "seconds": seconds,
        "music21_seconds": music21_seconds,
    }


def main() -> None:
    """Print the counts of states, and the notes that differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--every", type=int, default=1, help="each Nth file")
    parser.add_argument("--list", action="store_true", help="the files that are not equal")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = [compare(path) for path in find_files(options.folders)[:: options.every]]
    for row in rows:
        if options.list and row["state"] != "equal":
            print({name: value for name, value in row.items() if "seconds" not in name})
    counts = Counter(row["state"] for row in rows)
    sums = {
        name: sum(row.get(name, 0) for row in rows)
        for name in ("notes", "missing", "extra", "seconds", "music21_seconds")
    }
    print(f"{len(rows)} files:", ", ".join(f"{count} {state}" for state, count in counts.items()))
    print(", ".join(f"{name} {value:.6g}" for name, value in sums.items()))
    if options.json:
        options.json.write_text(json.dumps({"files": rows, "counts": counts, "sums": sums}))


if __name__ == "__main__":
    main()
