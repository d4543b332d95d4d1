"""Chords and sections as markers of a MIDI file.

A chord is written as its symbol, a section in brackets: `[chorus]`. When markers are read, each
text that parses as a chord symbol (`Dm9`, `F#:hdim7/b3`, `N.C.`) is a chord; `A` alone is a chord,
not a rehearsal letter. All other text, such as `Chorus`, `End` or `A section`, is a section. A
chord lasts until the next one or the last note; a marker `N.C.` is written where it ends earlier.
"""

import re
from itertools import zip_longest

from symusic.core import ScoreTick

from muse.tools.song.document import Chord, Section, Song
from muse.tools.theory.chords import is_chord_symbol

SECTION_MARKER = re.compile(r"\[(.*)\]", re.DOTALL)
LONGEST_SYMBOL = 64  # characters; longer text is not a chord symbol
NO_CHORD = "N.C."
SHORTEST_PAUSE = 0.25  # beats; shorter gaps between chords are inaccurate ends, not rests
CONTROL_CHARACTERS = dict.fromkeys([*range(32), *range(127, 160)], " ")  # C0 and C1 of Unicode


def cleaned(text: str) -> str:
    """Replace control characters, which could move the cursor of a terminal, and strip the text."""
    return text.translate(CONTROL_CHARACTERS).strip()


def read_markers(score: ScoreTick, ticks: int) -> tuple[list[Section], list[Chord]]:
    """Read sections and chords from the markers of a score; a chord lasts until the next one."""
    sections, symbols = [], []
    for marker in score.markers:
        beat, text = marker.time / ticks, cleaned(marker.text)
        if label := SECTION_MARKER.fullmatch(text):
            sections.append(Section(beat, label[1]))
        elif len(text) <= LONGEST_SYMBOL and is_chord_symbol(text):
            symbols.append((beat, text))
        elif text:
            sections.append(Section(beat, text))
    last_note = max((track.end() for track in score.tracks if len(track.notes)), default=0)
    end = max(last_note / ticks, symbols[-1][0] if symbols else 0.0)
    ends = [*(beat for beat, _ in symbols[1:]), end]
    chords = [Chord(b, e - b, text) for (b, text), e in zip(symbols, ends, strict=False)]
    if len(chords) > 1 and chords[-1].symbol == NO_CHORD and chords[-1].duration_beats == 0:
        chords.pop()  # it marked the end of the last chord
    return sections, chords


def markers_of(song: Song) -> list[tuple[float, str]]:
    """Return beats and texts of the markers for the sections and chords of a song, in order."""
    markers = [(section.beat, f"[{section.label}]") for section in song.sections]
    chords = sorted(song.chords, key=lambda chord: chord.start_beats)
    last_note = max(
        (n.start_beats + n.duration_beats for t in song.tracks for n in t.notes), default=0.0
    )
    for chord, following in zip_longest(chords, chords[1:]):
        markers.append((chord.start_beats, chord.symbol))
        end = chord.start_beats + chord.duration_beats
        pause = (following.start_beats if following else last_note) - end
        is_past_the_notes = following is None and pause * song.ticks_per_beat <= -1
        if pause >= SHORTEST_PAUSE or is_past_the_notes:
            markers.append((end, NO_CHORD))
    return sorted(markers, key=lambda marker: marker[0])
