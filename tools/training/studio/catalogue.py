"""The instruments of the studio: tables of soundfont programs, sample sets, synths and singers.

HELD_OUT_BANKS and `is_held_out` say which of them measure and never train. MuseScore_General is
made from FluidR3, so the two are on the same side.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.random import Generator

from muse.tools.training.studio.instrument import Audio, Instrument, Play
from muse.tools.training.studio.sampler import Region, Sampler, read_folder
from muse.tools.training.studio.sfz import read_sfz
from muse.tools.training.studio.soundfonts import SoundfontProgram, installed_soundfonts
from muse.tools.training.studio.synths import PATCHES, VARIANTS, make_synth
from muse.tools.training.studio.voices import make_singer
from muse.tools.transcription.note_event import NoteEvent

SYNTHS, SINGERS = "studio synths", "studio singers"
HELD_OUT_BANKS = frozenset({"TimGM6mb", "Discord GM"})
HELD_OUT_VARIANTS = 3  # the last ones of each patch of a synthesizer
SINGER_COUNT, HELD_OUT_SINGERS = 60, 12
CYCLE_LENGTH = 256  # samples of one cycle of a wavetable
CYCLES_OF_TABLE = (0, 20, 40, 60)  # numbers of the cycles that are used of the 64

LINES = ("song_line", "melody", "riff", "trill", "repeated", "one_shot")
BASS_LINES = ("bass_pattern", "walking_bass", "riff", "repeated", "one_shot")
HANDS = ("song_accompaniment", "chord_pattern", "comping", "arpeggio", "melody", "one_shot")
ORGAN = ("comping", "sustained", "melody", "song_accompaniment", "riff", "one_shot")
STRUMMED = ("strumming", "picking", "comping", "melody", "riff", "one_shot")
ELECTRIC = (*STRUMMED, "power_chords", "song_line", "repeated")
DISTORTED = ("power_chords", "power_chords", "riff", "melody", "song_line", "repeated", "one_shot")
PLUCKED = ("melody", "arpeggio", "picking", "riff", "one_shot")
BOWED = ("sustained", "song_line", "melody", "trill", "one_shot")
SECTION = ("sustained", "sustained", "comping", "melody", "one_shot")
BARS = ("melody", "arpeggio", "comping", "trill", "repeated", "one_shot")
CHOIR = ("sustained", "song_line", "melody", "one_shot")
DRUM_STYLES = ("drumming", "drumming", "drumming", "drum_hit")
STRUCK = ("repeated", "riff", "one_shot")


class Programs(NamedTuple):
    """Neighboring General MIDI programs that are one class.

    Attributes:
        first, last: programs counted from 0, both included.
        role: class of `muse.models.role_net.config.CLASSES`.
        lowest, highest: pitches that they play.
        styles: scores that suit them.
        chain: kind of effects.
    """

    first: int
    last: int
    role: str
    lowest: int
    highest: int
    styles: tuple[str, ...]
    chain: str = "recording"


# programs that belong to no class for certain are left out: dulcimer, timpani, harp, pizzicato,
# orchestra hit, whistle, ocarina, voice lead, choir pad, most synth effects
PROGRAMS = (
    Programs(0, 7, "keys", 30, 96, HANDS),
    Programs(8, 14, "mallets", 48, 100, BARS),
    Programs(16, 21, "keys", 36, 92, ORGAN, "electronic"),
    Programs(22, 22, "winds", 52, 90, LINES),
    Programs(23, 23, "keys", 45, 88, ORGAN),
    Programs(24, 25, "guitar", 40, 84, STRUMMED),
    Programs(26, 28, "guitar", 40, 84, ELECTRIC, "amplifier"),
    Programs(29, 30, "guitar", 40, 84, DISTORTED, "amplifier"),
    Programs(31, 31, "guitar", 52, 88, PLUCKED, "amplifier"),
    Programs(32, 32, "bass", 28, 55, BASS_LINES),
    Programs(33, 37, "bass", 28, 55, BASS_LINES, "amplifier"),
    Programs(38, 39, "bass", 26, 55, BASS_LINES, "electronic"),
    Programs(40, 42, "pad", 40, 92, BOWED),
    Programs(44, 44, "pad", 40, 88, SECTION),
    Programs(48, 51, "pad", 36, 90, SECTION),
    Programs(52, 54, "voice", 45, 82, CHOIR),
    Programs(56, 61, "winds", 40, 84, (*LINES, "sustained")),
    Programs(62, 63, "winds", 45, 84, ("comping", *LINES), "electronic"),
    Programs(64, 71, "winds", 40, 86, LINES),
    Programs(72, 77, "winds", 58, 98, LINES),
    Programs(80, 84, "lead", 48, 94, LINES, "electronic"),
    Programs(86, 87, "lead", 48, 92, LINES, "electronic"),
    Programs(88, 90, "pad", 40, 88, SECTION, "electronic"),
    Programs(92, 95, "pad", 40, 88, SECTION, "electronic"),
    Programs(101, 101, "other", 40, 80, ("sustained", "one_shot")),
    Programs(103, 103, "other", 40, 80, ("sustained", "one_shot")),
    Programs(104, 107, "guitar", 45, 84, PLUCKED),
    Programs(108, 108, "mallets", 52, 90, BARS),
    Programs(109, 109, "winds", 55, 84, LINES),
    Programs(110, 110, "pad", 52, 92, BOWED),
    Programs(111, 111, "winds", 52, 88, LINES),
    Programs(112, 112, "mallets", 60, 96, BARS),
    Programs(113, 113, "drums", 50, 80, STRUCK),
    Programs(114, 114, "mallets", 52, 88, BARS),
    Programs(115, 118, "drums", 40, 80, STRUCK),
    Programs(120, 127, "other", 40, 80, ("sustained", "riff", "one_shot")),
)
KITS = (0, 8, 16, 24, 25, 32, 40)  # programs of the drum bank


class SampleSet(NamedTuple):
    """A folder of samples in the data folder's sounds/.

    Attributes:
        folder: with the samples, or an .sfz map.
        transpose: semitones from the pitch in a file name, C4 = 60, to the one that sounds.
    """

    name: str
    folder: str
    transpose: int
    role: str
    lowest: int
    highest: int
    styles: tuple[str, ...]
    chain: str = "recording"


_PASTA, _GUITARS = "bass_pastabass_cc0/samples", "guitar_black_and_green_cc0/Samples"
SAMPLE_SETS = (
    SampleSet("fetuccine", f"{_PASTA}/fetuccine", -12, "bass", 25, 60, BASS_LINES, "amplifier"),
    SampleSet("linguine", f"{_PASTA}/linguine", -12, "bass", 25, 60, BASS_LINES, "amplifier"),
    SampleSet("spaghetti", f"{_PASTA}/spaghetti", -12, "bass", 25, 60, BASS_LINES, "amplifier"),
    SampleSet("tagliatelle", f"{_PASTA}/tagliatelle", -12, "bass", 25, 60, BASS_LINES, "amplifier"),
    SampleSet("meatbass", "bass_meatbass_upright_cc0/Samples/pizz", 0, "bass", 28, 58, BASS_LINES),
    *(
        SampleSet(f"{name} {kind}", f"{_GUITARS}/{name}/{kind}", -12, "guitar", 40, 84, styles, amp)
        for name, kind in (
            ("black", "ord"),
            ("black", "stac"),
            ("black", "btb"),
            ("green", "ord"),
            ("green", "stac"),
        )
        for styles, amp in ((ELECTRIC, "amplifier"),)
    ),
    SampleSet(
        "jrhodes", "epiano_jrhodes3d_cc0/jRhodes3d-st", 0, "keys", 29, 96, HANDS, "amplifier"
    ),
    SampleSet("splendid", "piano_splendid_pd/Samples", 12, "keys", 28, 96, HANDS),
)
DISCORD = "gm_discord_bank_cc0_ccby/Discord GM"
DISCORD_KIT = "Drums/001-Standard Kit.sfz"
# maps of the Discord bank; its electric piano is left out, as it is jrhodes again
DISCORD_MAPS = {
    "001-Acoustic Grand Piano": 0,
    "002-Bright Acoustic Piano": 1,
    "003-Electric Grand Piano": 2,
    "026-Acoustic Guitar (steel)": 25,
    "034-Electric Bass (finger)": 33,
    "045-Tremolo Strings": 44,
    "105-Sitar": 104,
    "112-Shanai": 111,
}


def all_instruments(data: Path) -> list[Instrument]:
    """Return every instrument that is there; what is missing is logged or left out."""
    sounds = data / "sounds"
    sampled = [*soundfont_instruments(), *sample_instruments(sounds), *discord_kit(sounds)]
    return [*sampled, *synth_instruments(sounds), *singers()]


def is_held_out(instrument: Instrument) -> bool:
    """Return whether an instrument measures and never trains."""
    if instrument.bank in (SYNTHS, SINGERS):
        number = int(instrument.name.rsplit("/", 1)[1])
        last = SINGER_COUNT - HELD_OUT_SINGERS
        return number >= (last if instrument.bank == SINGERS else VARIANTS - HELD_OUT_VARIANTS)
    return instrument.bank in HELD_OUT_BANKS


def instrument(name: str, bank: str, row: Programs | SampleSet, play: Play) -> Instrument:
    """Return the instrument of a row."""
    return Instrument(name, bank, row.role, row.lowest, row.highest, row.styles, row.chain, play)


def soundfont_instruments() -> Iterator[Instrument]:
    """Yield the programs and kits of all installed soundfonts."""
    for bank, path in installed_soundfonts().items():
        for row in PROGRAMS:
            for program in range(row.first, row.last + 1):
                play = SoundfontProgram(path, program)
                yield instrument(f"{bank}/{program}", bank, row, play)
        for kit in KITS:
            play = SoundfontProgram(path, kit, is_drum=True)
            name = f"{bank}/kit {kit}"
            yield Instrument(name, bank, "drums", 35, 81, DRUM_STYLES, "recording", play)


def sample_instruments(sounds: Path) -> Iterator[Instrument]:
    """Yield the sample sets that lie in a folder."""
    for row in SAMPLE_SETS:
        folder = sounds / row.folder
        if folder.is_dir():
            play = LazySampler(folder, row.transpose)
            yield instrument(row.name, row.folder.split("/")[0], row, play)
    for name, program in DISCORD_MAPS.items():
        path = sounds / DISCORD / "Melodic" / f"{name}.sfz"
        if path.is_file() and regions_of(path, 0):
            programs = next(p for p in PROGRAMS if p.first <= program <= p.last)
            play = LazySampler(path, 0)
            yield instrument(f"Discord/{name}", "Discord GM", programs, play)


def discord_kit(sounds: Path) -> Iterator[Instrument]:
    """Yield the drum kit of the Discord bank, if it is there."""
    path = sounds / DISCORD / DISCORD_KIT
    if path.is_file():
        play = LazySampler(path, 0)
        yield Instrument(
            "Discord/kit", "Discord GM", "drums", 35, 81, DRUM_STYLES, "recording", play
        )


class LazySampler:
    """A sampler whose map or folder is read when it is first played."""

    def __init__(self, path: Path, transpose: int) -> None:
        """Remember the folder or .sfz map."""
        self._path, self._transpose = path, transpose

    def __call__(
        self, notes: Sequence[NoteEvent], rate: int, cents: float, rng: Generator
    ) -> Audio:
        """Play notes; see `instrument.Play`."""
        return Sampler(regions_of(self._path, self._transpose))(notes, rate, cents, rng)


@cache
def regions_of(path: Path, transpose: int) -> tuple[Region, ...]:
    """Return the regions of a folder of samples or of an .sfz map."""
    return read_sfz(path) if path.suffix == ".sfz" else read_folder(path, transpose=transpose)


def synth_instruments(sounds: Path) -> Iterator[Instrument]:
    """Yield the variants of all synthesizer patches; a folder may hold wavetables."""
    cycles = wavetables(sounds / "wavetables_waveedit_cc0")
    for name, patch in PATCHES.items():
        for variant in range(VARIANTS):
            play = make_synth(name, variant, cycles)
            yield Instrument(
                f"{name}/{variant}",
                SYNTHS,
                patch.role,
                *patch.keys,
                patch.styles,
                "electronic",
                play,
            )


def wavetables(folder: Path) -> list[Audio]:
    """Return single cycles of all wavetables in a folder."""
    cycles = []
    for path in sorted(folder.glob("*.WAV")):
        audio, _ = soundfile.read(path, dtype="float32")
        rows = [audio[n * CYCLE_LENGTH : (n + 1) * CYCLE_LENGTH] for n in CYCLES_OF_TABLE]
        cycles += [row for row in rows if len(row) == CYCLE_LENGTH and np.abs(row).max() > 0.01]
    return cycles


def singers() -> Iterator[Instrument]:
    """Yield the synthetic singers."""
    for number in range(SINGER_COUNT):
        play, low, high = make_singer(number)
        styles = ("song_line", "song_line", "melody", "one_shot")
        yield Instrument(f"singer/{number}", SINGERS, "voice", low, high, styles, "recording", play)
