"""Beams that join the notes of a voice, beat by beat.

Conventions: a level is one beam line, 1 for eighths, 2 for sixteenths; a note has a mark for each
of its levels: "begin", "continue", "end", or a hook if it is alone on the level.
"""

from collections.abc import Sequence

from muse.tools.notation.note_values import NoteValue

LINES = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4}  # beams of each written type


def beams_of(pieces: Sequence[NoteValue], sounding: Sequence[bool], beat: int) -> list[list[str]]:
    """Return the marks of each value of a voice in one bar, by level.

    Args:
        pieces: the values in order.
        sounding: for each, whether it is a note and not a rest.
        beat: steps that one beam spans at most, from the bar line on.
    """
    marks: list[list[str]] = [[] for _ in pieces]
    for group in beat_groups(pieces, sounding, beat):
        if len(group) > 1:
            for level in range(1, max(LINES.values()) + 1):
                mark_level(pieces, group, level, marks)
    return marks


def beat_groups(
    pieces: Sequence[NoteValue], sounding: Sequence[bool], beat: int
) -> list[list[int]]:
    """Return the indices of successive notes with beams, for each beat."""
    groups: list[list[int]] = [[]]
    for index, (piece, sounds) in enumerate(zip(pieces, sounding, strict=True)):
        if piece.start % beat == 0 or not sounds or piece.kind not in LINES:
            groups.append([])
        if sounds and piece.kind in LINES:
            groups[-1].append(index)
    return groups


def mark_level(
    pieces: Sequence[NoteValue], group: Sequence[int], level: int, marks: list[list[str]]
) -> None:
    """Add the marks of one level to those notes of a group that have it."""
    for place, index in enumerate(group):
        if LINES[pieces[index].kind] < level:
            continue
        before = place > 0 and LINES[pieces[group[place - 1]].kind] >= level
        behind = place + 1 < len(group) and LINES[pieces[group[place + 1]].kind] >= level
        alone = "backward hook" if place else "forward hook"
        names = {(True, True): "continue", (True, False): "end", (False, True): "begin"}
        marks[index].append(names.get((before, behind), alone))
