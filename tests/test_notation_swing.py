"""Swung eighths are written even, with a Swing mark."""

from muse.tools.notation.grid import GRID, quantize_song
from muse.tools.notation.musicxml import musicxml
from muse.tools.notation.score import score_of
from muse.tools.song.document import Note, Song, Track


def swung(ratio: float, late: float = 0.004) -> Song:
    """Return eight pairs of eighths, played a little late."""
    notes = [
        Note(beat + place + late, length, 60, 80)
        for beat in range(8)
        for place, length in ((0.0, ratio), (ratio, 0.95 - ratio))
    ]
    return Song(tracks=[Track("Lead", "lead", notes=notes)])


def test_swung_eighths_are_even_with_a_mark() -> None:
    (notes,), _ = quantize_song(swung(0.64))
    assert [note.start for note in notes] == [n * GRID // 2 for n in range(16)]
    text = musicxml(score_of(swung(0.64))).decode()
    assert text.count("<words>Swing</words>") == 1
    assert "<swing-type>eighth</swing-type>" in text
    assert "<time-modification>" not in text


def test_even_eighths_have_no_mark() -> None:
    assert b"Swing" not in musicxml(score_of(swung(0.5)))
