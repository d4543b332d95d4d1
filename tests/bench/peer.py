"""muse beside bare Basic Pitch on recordings of one instrument; names each where muse is worse.

    python tests/bench/peer.py [--data DIR] [--json FILE] [--only TEXT]

Onset F1 (50 ms, 50 cents) of the notes, with the role given and without it, for

    lines, low lines, chords, repeated notes and trills that recorded and synthesized instruments
        play (tools/training/studio; the sounds and soundfonts that are missing are left out),
    solo singers (ssvd/).

Prints the mean of each system and the items where muse is worse than Basic Pitch by more than
TOLERANCE to stderr, and JSON with all items to stdout or to FILE. Basic Pitch runs with its own
package: pip install --no-deps basic-pitch==0.4.0
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parent))

from real import OtherSystems, note_measures, notes_of, transcribed, write_json
from real_data import TrueNotes, singers

from muse.tools.training.studio.catalogue import all_instruments
from muse.tools.training.studio.instrument import Instrument
from muse.tools.training.studio.scores import STYLES, Setting
from muse.tools.transcription.note_event import NoteEvent

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
RATE = 44_100  # Hz
LENGTH_S = 8.0
TOLERANCE = 0.02  # of F1
BPM = 140.0
SINGERS = 12  # of ssvd/ that are measured

# instrument of the studio: role, lowest and highest pitch, scores
PLAYED: dict[str, tuple[str, int, int, tuple[str, ...]]] = {
    "splendid": ("keys", 45, 84, ("melody", "comping", "repeated", "trill")),
    "jrhodes": ("keys", 45, 84, ("melody", "comping", "repeated")),
    "Discord/002-Bright Acoustic Piano": ("keys", 45, 84, ("comping", "repeated")),
    "black ord": ("guitar", 45, 76, ("melody", "strumming", "repeated")),
    "green stac": ("guitar", 45, 76, ("melody", "picking", "repeated")),
    "Discord/026-Acoustic Guitar (steel)": ("guitar", 45, 76, ("melody", "strumming", "trill")),
    "tagliatelle": ("bass", 28, 52, ("bass_pattern", "repeated")),
    "spaghetti": ("bass", 28, 52, ("walking_bass",)),
    "meatbass": ("bass", 28, 52, ("walking_bass", "bass_pattern")),
    "Discord/034-Electric Bass (finger)": ("bass", 28, 52, ("bass_pattern",)),
    "Discord/105-Sitar": ("lead", 50, 76, ("melody", "repeated")),
    "Discord/112-Shanai": ("lead", 57, 81, ("melody", "trill")),
    "Discord/045-Tremolo Strings": ("pad", 48, 84, ("sustained", "melody")),
    "TimGM6mb/57": ("lead", 40, 62, ("melody",)),
    "TimGM6mb/70": ("lead", 38, 62, ("melody",)),
    "TimGM6mb/42": ("lead", 40, 64, ("melody",)),
    "TimGM6mb/48": ("pad", 48, 84, ("sustained",)),
    "TimGM6mb/66": ("lead", 44, 65, ("melody", "repeated")),
    "TimGM6mb/40": ("lead", 57, 84, ("melody", "trill")),
    "TimGM6mb/73": ("lead", 62, 86, ("melody", "repeated", "trill")),
    "TimGM6mb/11": ("keys", 55, 86, ("melody", "comping")),
    "TimGM6mb/30": ("guitar", 45, 76, ("melody", "power_chords")),
}


@dataclass(frozen=True)
class Item:
    """One recording, its role and its notes."""

    name: str
    path: Path
    role: str
    truth: TrueNotes


def played_items(data: Path, scratch: Path) -> Iterator[Item]:
    """Render the scores of PLAYED."""
    instruments = {instrument.name: instrument for instrument in all_instruments(data)}
    for name, (role, lowest, highest, styles) in PLAYED.items():
        for style in styles if name in instruments else ():
            rng = np.random.default_rng([len(name), len(style), lowest])
            narrow = replace(instruments[name], lowest=lowest, highest=highest)
            notes = score(style, narrow, rng)
            audio = narrow.play(notes, RATE, 0.0, rng)
            path = scratch / f"{name.replace('/', ' ')} {style}.wav"
            soundfile.write(path, 0.5 * audio / np.abs(audio).max(), RATE)
            yield Item(path.stem, path, role, true_notes(notes))


def score(style: str, instrument: Instrument, rng: np.random.Generator) -> list[NoteEvent]:
    """Return a score in a style, at BPM, in D minor."""
    setting = Setting(
        rng,
        LENGTH_S,
        instrument.lowest,
        instrument.highest,
        BPM,
        tonic=2,
        scale=(0, 2, 3, 5, 7, 8, 10),
        progression=(0, 3, 5, 4),
        gate=0.9,
        jitter_s=0.005,
        velocity=90,
    )
    return [note for note in STYLES[style](setting) if note.onset_s < LENGTH_S]


def true_notes(notes: list[NoteEvent]) -> TrueNotes:
    """Return the notes of a score as arrays."""
    intervals = np.array([[note.onset_s, note.offset_s] for note in notes])
    return TrueNotes(intervals, np.array([float(note.pitch) for note in notes]))


def sung_items(data: Path) -> Iterator[Item]:
    """Yield some of the solo singers."""
    for name, path, truth in singers(data / "real")[:SINGERS]:
        yield Item(f"singer {name}", path, "vocals", truth)


@dataclass(frozen=True)
class Row:
    """The onset F1 of each system on one item.

    Attributes:
        item: its name.
        role: of the item.
        detected: roles of the tracks that muse finds where no role is given.
        with_role: F1 of muse with the role given.
        without_role: F1 of muse without a role.
        basic_pitch: None where it is not installed.
    """

    item: str
    role: str
    detected: str
    with_role: float
    without_role: float
    basic_pitch: float | None

    def loss(self, system: str) -> float:
        """Return the F1 of Basic Pitch minus that of a system, `with_role` or `without_role`."""
        return (self.basic_pitch or 0.0) - float(getattr(self, system))


def measure(item: Item, others: OtherSystems) -> Row:
    """Measure each system on an item."""
    with_role = transcribed(item.path, no_separate=True, role=item.role)
    without_role = transcribed(item.path, no_separate=True)
    peer = others.basic_pitch(item.path) if "basic_pitch" in others.names else None
    return Row(
        item.name,
        item.role,
        "+".join(track.role for track in without_role.tracks),
        onset_f1(item.truth, notes_of(with_role)),
        onset_f1(item.truth, notes_of(without_role)),
        None if peer is None else onset_f1(item.truth, peer),
    )


def onset_f1(truth: TrueNotes, found: TrueNotes) -> float:
    """Return the F1 of onset and pitch, rounded."""
    return round(note_measures(truth, found)["onset_f1"], 3)


def show(rows: list[Row]) -> None:
    """Print the means and the items where muse is worse."""
    for system in ("with_role", "without_role", "basic_pitch"):
        values = [value for row in rows if (value := getattr(row, system)) is not None]
        if values:
            print(f"{system:12} {fmean(values):.3f} ({len(values)} items)", file=sys.stderr)
    for system in ("with_role", "without_role"):
        worse = [row for row in rows if row.loss(system) > TOLERANCE]
        print(f"\n{system}: worse than Basic Pitch on {len(worse)}", file=sys.stderr)
        for row in worse:
            found = f"{getattr(row, system):.2f} < {row.basic_pitch:.2f}"
            print(f"  {row.item:46} {row.role:7} {row.detected:10} {found}", file=sys.stderr)


def main() -> None:
    """Measure all items and print what comes of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--json", type=Path, help="file for the JSON instead of stdout")
    parser.add_argument("--only", default="", help="only items with this in their name")
    options = parser.parse_args()
    logging.getLogger("muse").setLevel(logging.ERROR)
    others = OtherSystems()
    with tempfile.TemporaryDirectory(prefix="muse-") as scratch:
        items = [*played_items(options.data, Path(scratch)), *sung_items(options.data)]
        rows = [measure(item, others) for item in items if options.only in item.name]
    show(rows)
    write_json([vars(row) for row in rows], options.json)


if __name__ == "__main__":
    main()
