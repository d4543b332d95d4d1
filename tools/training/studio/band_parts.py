"""Other instruments for drums to be found among, or not to be found in at all.

Conventions: a part is mono float32 (frames,) at RATE. Recordings of the sets in REAL_PARTS are CC0;
the rest are excerpts of POP909 songs, each part played by a random instrument of a soundfont.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from muse.tools.training.examples.performances import excerpt_notes, perform, play
from muse.tools.training.studio.drum_kits import RATE, Mono, load_sample
from muse.tools.training.studio.drum_scores import Rng
from muse.tools.training.studio.effects import random_chain
from muse.tools.training.studio.stream import Studio
from muse.tools.transcription.note_event import NoteEvent

# kind of part to its recordings in the data folder, for training and held out; the stems 'other' of
# 3.Sodium and 4.Potassium are left out, as they have percussion
REAL_PARTS: dict[str, dict[str, tuple[str, ...]]] = {
    "train": {
        "voice": ("eir/1.Hydrogen/vocals", "eir/2.Lithium/vocals", "eir/3.Sodium/vocals"),
        "bass": ("eir/2.Lithium/bass", "funk_jam/bassguitar"),
        "real": ("eir/1.Hydrogen/other", "eir/2.Lithium/other"),
        "band": ("funk_jam/clav", "funk_jam/horns", "funk_jam/leadguitar"),
    },
    "held out": {
        "voice": ("eir/4.Potassium/vocals",),
        "bass": ("eir/3.Sodium/bass",),
    },
}
SUFFIXES = (".ogg", ".mp3")
RENDERED = ("lead", "keys", "bass")
GUITARS = (24, 25, 26, 27, 28, 29, 30)  # General MIDI programs
DRIVEN = (29, 30)  # those that play power chords
WITH_DRUMS = ("drums", "other")  # classes of the studio whose examples may have drums
STUDIO_SONGS, STUDIO_S = 40, 14.0  # songs whose tracks are played, and the length of an example
CHORD_S = 0.05  # onsets of a chord are no further apart
FIFTH, OCTAVE = 7, 12  # semitones
LOWEST_POWER, HIGHEST_POWER = 40, 52  # range of the roots of power chords

AMPLIFIED = ("guitar", "bass")
CHAIN = 30 * RATE  # frames of a recording that go through an amplifier

Parts = dict[str, list[Mono]]


def real_parts(data: Path, side: str) -> Parts:
    """Return the recordings of one side that are in the data folder's `real`."""
    return {
        kind: [
            load_sample(path)
            for name in names
            for path in (data / "real" / f"{name}{suffix}" for suffix in SUFFIXES)
            if path.is_file()
        ]
        for kind, names in REAL_PARTS[side].items()
    }


def rendered_parts(data: Path, indices: Sequence[int], soundfonts: Sequence[str]) -> Parts:
    """Return the parts of POP909 excerpts, with a guitar that plays the keys' chords.

    Args:
        data: the data folder.
        indices: of the excerpts.
        soundfonts: names; excerpts use them in turn.
    """
    parts: Parts = {}
    for index in indices:
        rng = random.Random(f"band/{index}")
        notes = excerpt_notes(data, index)
        if notes is None:
            continue
        font = soundfonts[index % len(soundfonts)]
        sounds = perform({stem: notes[stem] for stem in RENDERED}, font, rng)
        program = rng.choice(GUITARS)
        chords = power_chords(notes["keys"]) if program in DRIVEN else notes["keys"]
        sounds["guitar"] = play(chords, program, font, rng, "keys")
        for kind, sound in sounds.items():
            parts.setdefault(kind, []).append(sound)
    return parts


def studio_parts(data: Path, side: str, count: int, seed: int) -> Parts:
    """Return `count` examples of each class of instrument but drums, by the studio (stream.py)."""
    studio = Studio(data, "train" if side == "train" else "held_out", STUDIO_SONGS)
    return {
        f"studio {role}": [
            studio.example(role, STUDIO_S, RATE, (seed, row, index)).audio for index in range(count)
        ]
        for row, role in enumerate(studio.roles)
        if role not in WITH_DRUMS
    }


def power_chords(notes: Sequence[NoteEvent]) -> list[NoteEvent]:
    """Return root, fifth and octave for each chord, on the lowest of its notes."""
    chords: list[NoteEvent] = []
    last = -1.0
    for note in sorted(notes):
        if note.onset_s - last < CHORD_S:
            continue
        last = note.onset_s
        root = LOWEST_POWER + (note.pitch - LOWEST_POWER) % OCTAVE
        root = min(root, HIGHEST_POWER)
        chords += [replace(note, pitch=root + step) for step in (0, FIFTH, OCTAVE)]
    return chords


def amplified(parts: Parts, rng: Rng) -> Parts:
    """Return the parts, those of AMPLIFIED through random amplifiers as well."""
    return {
        kind: [
            *sounds,
            *(random_chain(rng, "amplifier")(one[:CHAIN], RATE) for one in sounds),
        ]
        if kind in AMPLIFIED
        else sounds
        for kind, sounds in parts.items()
    }


def merged(*all_parts: Parts) -> Parts:
    """Return the parts of several collections by kind, without empty kinds."""
    kinds = dict.fromkeys(kind for parts in all_parts for kind in parts)
    joined = {kind: [one for parts in all_parts for one in parts.get(kind, [])] for kind in kinds}
    return {kind: sounds for kind, sounds in joined.items() if sounds}
