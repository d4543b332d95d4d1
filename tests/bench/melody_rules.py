"""How melodies of `muse melody` treat secondary dominants, avoid notes, phrase ends and new keys.

Measured are 10 melodies over each of six progressions, with consecutive seeds:

    leading, natural    shares of note time over a secondary dominant on its third (G# over E7 in
                        C), and a semitone below it
    held avoid          notes per 100 over a major chord that are its b9, last a beat or more and
                        are over no dominant, or its natural 4th on a strong beat, and that do not
                        move on by step within a beat
    end in chord        share of phrases that end on a tone of the chord that sounds during most of
                        their last note
    new key             share of note time in the scale of the key, after a change of key

    OMP_NUM_THREADS=1 python tests/bench/melody_rules.py [--melodies 10] [--seed 0]
"""

import argparse
import json
import logging
from collections.abc import Iterator
from itertools import pairwise

from muse.tools.datasets.melody_events import STEPS, StepNote, quantize_melody
from muse.tools.melody.generate_songs import GeneratedMelody, generate_melodies
from muse.tools.melody.net_model import load_melody_model
from muse.tools.melody.request import MelodyRequest
from muse.tools.melody.sampler import phrase_ends
from muse.tools.song.document import Chord, Key, Meter, Song, Tempo
from muse.tools.theory.annotate import symbol_or_unknown
from muse.tools.theory.keys import parse_key, scale_pcs, tonality_of

BAR = 4.0  # beats
# keys by bar, and chords by bar; a comma divides a bar
PROGRESSIONS = (
    (
        {0: "C"},
        "C E7 Am D7 Dm7,G7 C Bm7b5,E7 Am Gm7,C7 Fmaj7 Em7,A7 Dm7 D7 Dm7,G7 Cmaj7,A7 Dm7,G7 C",
    ),
    ({0: "F"}, "F A7 Dm G7 Gm7 C7 F A7 Dm F7 Bb D7 Gm C7 F F"),
    ({0: "Am"}, "Am Dm G C B7 E7 Am A7 Dm G7 C F B7 E7 Am Am"),
    ({0: "G"}, "G B7 Em A7 D D7 G G7 C E7 Am D7 G B7 C G"),
    ({0: "C", 8: "Eb"}, "C Am Dm7 G7 C F G7 C Eb Cm Fm7 Bb7 Eb Ab Bb7 Eb"),
    ({0: "D", 8: "F"}, "D Bm Em A7 D G A7 D F Dm Gm7 C7 F Bb C7 F"),
)


def song_of(keys: dict[int, str], symbols: str) -> Song:
    """Return a Song of one chord per bar."""
    tonalities = {bar: parse_key(name) for bar, name in keys.items()}
    return Song(
        tempos=[Tempo(0.0, 96.0)],
        meters=[Meter(0.0, 4, 4)],
        keys=[Key(bar * BAR, key.tonic_pc, key.mode) for bar, key in tonalities.items()],
        chords=[
            Chord(n * BAR + place * BAR / len(names), BAR / len(names), name)
            for n, names in enumerate(word.split(",") for word in symbols.split())
            for place, name in enumerate(names)
        ],
    )


def generate(number: int, seed: int) -> Iterator[GeneratedMelody]:
    """Yield melodies over all progressions."""
    model = load_melody_model("melody-xl")
    for keys, symbols in PROGRESSIONS:
        for place in range(number):
            song = song_of(keys, symbols)
            yield next(generate_melodies(song, MelodyRequest(), model, seed + place))


def tally(made: GeneratedMelody, sums: dict[str, float]) -> None:
    """Add the counts and durations of one melody."""
    song, backing = made.song, made.options.backing
    notes = quantize_melody(song.tracks[-1].notes)
    for note, following in pairwise([*notes, StepNote(10**9, 0, 0)]):
        chord = chord_at(song, note.start)
        scale = scale_at(song, note.start)
        symbol = symbol_or_unknown(chord.symbol)
        tones, root = symbol.pitch_classes, symbol.root_pc or 0
        pc, third = note.pitch % 12, (root + 4) % 12
        sums["notes"] += 1
        if third in tones and third not in scale:
            sums["over dominants"] += note.duration
            sums["leading"] += note.duration * (pc == third)
            sums["natural"] += note.duration * ((pc + 1) % 12 == third)
        is_dominant = (root + 10) % 12 in tones
        is_b9 = pc == (root + 1) % 12 and note.duration >= STEPS and not is_dominant
        is_fourth = pc == (root + 5) % 12 and backing.is_strong(note.start)
        moves = abs(following.pitch - note.pitch) <= 2 and following.pitch != note.pitch
        is_resolved = moves and following.start - note.start <= STEPS
        if third in tones and pc not in tones and (is_b9 or is_fourth) and not is_resolved:
            sums["held avoid"] += 1
        if len(song.keys) > 1 and note.start >= song.keys[1].beat * STEPS:
            sums["after change"] += note.duration
            sums["new key"] += note.duration * (pc in scale)
    for index in phrase_ends(notes, made.options.plan.end):
        note = notes[index]
        middle = note.start + note.duration // 2
        tones = symbol_or_unknown(chord_at(song, middle).symbol).pitch_classes
        sums["phrases"] += 1
        sums["end in chord"] += note.pitch % 12 in tones


def chord_at(song: Song, step: int) -> Chord:
    """Return the chord at a step."""
    begun = [chord for chord in song.chords if chord.start_beats * STEPS <= step]
    return begun[-1] if begun else song.chords[0]


def scale_at(song: Song, step: int) -> tuple[int, ...]:
    """Return the pitch classes of the key at a step."""
    key = next(key for key in reversed(song.keys) if key.beat * STEPS <= step)
    return scale_pcs(tonality_of(key))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--melodies", type=int, default=10, help="melodies of each progression")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.getLogger("muse").setLevel(logging.ERROR)
    names = ("leading", "natural", "over dominants", "held avoid", "notes")
    names += ("end in chord", "phrases", "new key", "after change")
    sums = dict.fromkeys(names, 0.0)
    for made in generate(options.melodies, options.seed):
        tally(made, sums)
    report = {
        "leading": sums["leading"] / sums["over dominants"],
        "natural": sums["natural"] / sums["over dominants"],
        "held avoid": 100 * sums["held avoid"] / sums["notes"],
        "end in chord": sums["end in chord"] / sums["phrases"],
        "new key": sums["new key"] / sums["after change"],
        "notes": sums["notes"],
    }
    print(json.dumps({name: round(value, 3) for name, value in report.items()}, indent=2))


if __name__ == "__main__":
    main()
