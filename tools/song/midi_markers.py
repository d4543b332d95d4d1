"""Chords and sections as markers of a MIDI file.

A chord is written as its symbol, a section in brackets: `[chorus]`. When markers are read, each
text that parses as a chord symbol (`Dm9`, `F#:hdim7/b3`, `N.C.`) is a chord. All other text, such
as `Chorus`, `End` or `A section`, is a section. A letter alone (`A`) is a chord among more chords
than sections, and otherwise a rehearsal letter; muse marks its own files with a text, CHORDS_MARK.
A chord lasts until the next one or the last note; a marker `N.C.` is written where it ends earlier.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from muse.tools.song.document import Chord, Section, Song
from muse.tools.theory.chords import is_chord_symbol

SECTION_MARKER = re.compile(r"\[(.*)\]", re.DOTALL)
LONGEST_SYMBOL = 64  # characters; longer text is not a chord symbol
NO_CHORD = "N.C."
SHORTEST_PAUSE = 0.25  # beats; shorter gaps between chords are inaccurate ends, not rests
CHORDS_MARK = b"muse: letters are chords"  # a text of files whose markers `A` to `G` are chords
LETTERS = "ABCDEFG"
CONTROL_CHARACTERS = dict.fromkeys([*range(32), *range(127, 160)], " ")  # C0 and C1 of Unicode


def cleaned(text: str) -> str:
    """Replace control characters, which could move the cursor of a terminal, and strip the text."""
    return text.translate(CONTROL_CHARACTERS).strip()


def cleaned_lyric(text: str) -> str:
    """Replace control characters, and remove them at the ends; spaces there divide words."""
    return text.strip("".join(map(chr, CONTROL_CHARACTERS))).translate(CONTROL_CHARACTERS)


def read_markers(
    markers: Iterable[tuple[float, str]], last_note: float, own: bool = False
) -> tuple[list[Section], list[Chord]]:
    """Read sections and chords from markers; a chord lasts until the next one.

    Args:
        markers: beats and texts, in order of time.
        last_note: beat at which the last note ends.
        own: whether the file has CHORDS_MARK.
    """
    texts = [(beat, cleaned(text)) for beat, text in markers]
    letters_are_chords = own or are_letters_chords([text for _, text in texts])
    sections, symbols = [], []
    for beat, text in texts:
        if label := SECTION_MARKER.fullmatch(text):
            sections.append(Section(beat, label[1]))
        elif is_chord(text) and (letters_are_chords or text not in LETTERS):
            symbols.append((beat, text))
        elif text:
            sections.append(Section(beat, text))
    return sections, lasting_chords(symbols, last_note)


def lasting_chords(symbols: Sequence[tuple[float, str]], last_note: float) -> list[Chord]:
    """Return chords that last until the next one, or the last note."""
    end = max(last_note, symbols[-1][0] if symbols else 0.0)
    ends = [*(beat for beat, _ in symbols[1:]), end]
    chords = [Chord(b, e - b, text) for (b, text), e in zip(symbols, ends, strict=False)]
    if len(chords) > 1 and chords[-1].symbol == NO_CHORD and chords[-1].duration_beats == 0:
        chords.pop()  # it marked the end of the last chord
    return chords


def is_chord(text: str) -> bool:
    """Return whether the text of a marker is a chord symbol."""
    return 0 < len(text) <= LONGEST_SYMBOL and is_chord_symbol(text)


def are_letters_chords(texts: Sequence[str]) -> bool:
    """Return whether letters alone are chords among the texts of a file's markers.

    They are if more of the other texts are chords than words. Without other texts they are
    rehearsal letters if they first appear in alphabetical order from A on.
    """
    others = [text for text in texts if text not in LETTERS and not SECTION_MARKER.fullmatch(text)]
    chords = sum(map(is_chord, others))
    if others:
        return chords > len(others) - chords
    first_seen = "".join(dict.fromkeys(text for text in texts if text in LETTERS))
    return not LETTERS.startswith(first_seen)


def has_bare_letters(chords: Iterable[Chord]) -> bool:
    """Return whether a chord is written as a letter alone."""
    return any(chord.symbol in LETTERS for chord in chords)


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
