"""The scheme `cpword` (Compound Word): bars with meters, positions with tempos, and notes.

A word is family, bar or position, pitch, velocity, duration, program, tempo, meter.

Source: Hsiao et al. 2021, "Compound Word Transformer".
"""

from functools import partial

from muse.tools.tokens.compound_decoder import Word, decode_words
from muse.tools.tokens.compound_encoder import WordIds, note_values
from muse.tools.tokens.decoder_state import DecoderState
from muse.tools.tokens.grid import Grid
from muse.tools.tokens.scheme import NO_LONG_NOTES, ONE_TRACK_PER_PROGRAM, Scheme
from muse.tools.tokens.stream_decoder import STEPS
from muse.tools.tokens.stream_encoder import merge_events
from muse.tools.tokens.vocabulary import fields_of

NOTE_TYPES = ("Pitch", "Velocity", "Duration", "Program")


def encode_cpword(grid: Grid) -> list[WordIds]:
    """Return the words of a grid: bars with meters, positions with tempos, and notes."""
    first = cpword_firsts(grid)
    tempos = [(tick, [first["Tempo"] + place]) for tick, place in grid.tempos]
    words: list[WordIds] = []
    bars, place, start, step = grid.bars(), 0, 0, 1
    previous, now = -1, tempos[0][1][0]
    for tick, row in merge_events(tempos, cpword_notes(grid, first)):
        while place < len(bars) and bars[place][0] <= tick:
            start, section = bars[place]
            step, place = section.step, place + 1
            words.append(cpword_metric(first, first["Bar"], meter=section.number))
        if len(row) == 1:
            now = row[0]
        if tick != previous:
            position = first["Position"] + (tick - start) // step
            words.append(cpword_metric(first, position, tempo=now))
            previous = tick
        if len(row) > 1:
            words.append(row)
    words += [cpword_metric(first, first["Bar"], meter=s.number) for _, s in bars[place:]]
    return words


def cpword_firsts(grid: Grid) -> dict[str, int]:
    """Return the first id of each token type; Ignore has the same id in all vocabularies."""
    fields = fields_of(grid.scheme)
    return {kind: number for field in fields for kind, number in field.first.items()}


def cpword_metric(
    first: dict[str, int], place: int, tempo: int | None = None, meter: int | None = None
) -> WordIds:
    """Return a word for time: a bar with its meter, or a position with its tempo."""
    blank = first["Ignore"]
    meter_id = blank if meter is None else first["TimeSig"] + meter
    return [first["Family"], place, *[blank] * 4, blank if tempo is None else tempo, meter_id]


def cpword_notes(grid: Grid, first: dict[str, int]) -> list[tuple[int, WordIds]]:
    """Return the words of the notes with their ticks."""
    blank, family = first["Ignore"], first["Family"] + 1

    a, b, c, d = (first[kind] for kind in NOTE_TYPES)
    return [
        (tick, [family, blank, a + pitch, b + velocity, c + length, d + program, blank, blank])
        for tick, pitch, velocity, length, program in note_values(grid)
    ]


def decode_cpword(words: list[Word], state: DecoderState) -> None:
    """Add the music of words to the state."""
    tempo = -1
    for word in words:
        (kind, family), place, *rest = word
        if kind != "Family":
            state.count_repair("stray token")
        elif family:
            decode_note(dict(rest), state)
        elif place[0] == "Bar":
            state.next_bar()
            if rest[-1][0] == "TimeSig":
                state.set_meter(rest[-1][1])
        elif place[0] == "Position":
            state.go_to_step(place[1])
            if rest[-2][0] == "Tempo" and rest[-2][1] != tempo:
                tempo = rest[-2][1]
                state.set_tempo(tempo)
        else:
            state.count_repair("stray token")


def decode_note(values: dict[str, int], state: DecoderState) -> None:
    """Add the note of a word to the state."""
    if not all(kind in values for kind in NOTE_TYPES):
        state.count_repair("incomplete note")
        return
    pitch, velocity, duration, program = (values[kind] for kind in NOTE_TYPES)
    length = STEPS[duration] * state.section.step
    state.add_note(program, pitch, velocity, length, state.tick, None)


SCHEME = Scheme(
    name="cpword",
    miditok="CPWord",
    fields=(
        ("Family",),
        ("Ignore", "Bar", "Position"),
        ("Ignore", "Pitch"),
        ("Ignore", "Velocity"),
        ("Ignore", "Duration"),
        ("Ignore", "Program"),
        ("Ignore", "Tempo"),
        ("Ignore", "TimeSig"),
    ),
    lost={**ONE_TRACK_PER_PROGRAM, **NO_LONG_NOTES},
    encode=encode_cpword,
    decode=partial(decode_words, decode_cpword),
)
