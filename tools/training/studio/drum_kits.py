"""Drum kits as collections of recorded hits, from sample folders and soundfonts.

Conventions: a sample is mono float32 of shape (frames,) at RATE and starts with the attack. Kits
have names such as 'hydrogen/BJA_Pacific'; those in HELD_OUT_KITS are never trained on.

Sources, each used if it is there:
    hydrogen: the kits of Debian's hydrogen-drumkits, an XML file and audio files each.
    muldjord: an acoustic kit, one folder for each drum, close, overhead and room microphones.
    sfz: a kit whose samples an .sfz map assigns to General MIDI percussion keys.
    one-shots: a folder of single sounds named by what they are, such as Debian's sonic-pi-samples.
    soundfonts: the percussion bank of each soundfont.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.io import read_audio
from muse.tools.audio.render import render
from muse.tools.song.document import Note, Song, Tempo, Track
from muse.tools.training.studio.sfz import read_sfz

log = logging.getLogger("muse")

Mono = NDArray[np.float32]

RATE = 44_100  # Hz
LONGEST_S, FADE_S = 2.5, 0.3  # of a sample, and the fade at its end where it is cut
ATTACK_LEVEL, ATTACK_LEAD_S = 0.05, 0.001  # of the peak, where a sample starts; and the time before
SILENT_PEAK = 1e-3

# each drum and the percussion keys of General MIDI, and of Roland kits, that strike it
KEYS_OF_DRUM = {
    "kick": (36, 35),
    "snare": (38, 40, 39),
    "side stick": (37,),
    "closed hi-hat": (42, 44, 22),
    "open hi-hat": (46, 26),
    "low tom": (43, 41, 58),
    "mid tom": (45, 47),
    "high tom": (48, 50),
    "crash": (49, 57, 55, 52),
    "ride": (51, 59, 53),
}
DRUMS = tuple(KEYS_OF_DRUM)
DRUM_OF_KEY = {key: drum for drum, keys in KEYS_OF_DRUM.items() for key in keys}
OTHER = "other"  # percussion that is not to be reported, such as a tambourine
OTHER_KEYS = (54, 56, 60, 61, 62, 63, 64, 67, 68, 69, 70, 75, 76, 77, 82)

# the drum of a sample from its name; the first pattern that fits decides, None leaves it out
NAME_PATTERNS: tuple[tuple[str, str | None], ...] = (
    (r"empty|snare roll|drum_roll|crash/ride|beats_|whistle|zap|fx|flip", None),
    (r"tamb|cowbell|agogo|clave|maraca|conga|bongo|wood|snap|djembe|sangban|dunun|kenkeni", OTHER),
    (r"cajon|waterglass|shaker|tabla|elec_(tick|blip|pop|plip|wood|triangle)|perc_|click$", OTHER),
    (r"side ?stick|rim ?click|^stick|- stick|stick_", "side stick"),
    (r"clap", "snare"),
    (r"snare|^sn_", "snare"),
    (r"kick|bass ?drum|^bd|drum_bass", "kick"),
    (r"\b(op|open|opened|semiopen|semi-open|swish|free|side ohh)\b.*|cymbal_open", "open hi-hat"),
    (r"hat|\bhh\b|hi-hat|cymbal_(closed|pedal)", "closed hi-hat"),
    (r"tom.*(low|floor|lo_)|(low|floor).*tom|pearl tom floor", "low tom"),
    (r"tom.*(hi|_hi_)|(high).*tom|tom 1", "high tom"),
    (r"tom", "mid tom"),
    (r"crash|splash|china|cymbal", "crash"),
    (r"ride|paiste bell", "ride"),
)
MULDJORD_FOLDERS = {
    "kick": ("KdrumL", "KdrumR"),
    "snare": ("Snare", "SnareRest"),
    "closed hi-hat": ("HihatClosed",),
    "open hi-hat": ("HihatOpen",),
    "low tom": ("Tom4",),
    "mid tom": ("Tom3",),
    "high tom": ("Tom1", "Tom2"),
    "crash": ("CrashL", "CrashR", "China"),
    "ride": ("RideL", "RideR", "RideLBell", "RideRBell"),
}
MICROPHONES = ("close", "oh", "amb")
# programs of the percussion bank, and the velocities rendered
KIT_PROGRAMS = (0, 8, 16, 24, 25, 32, 40)
VELOCITIES = (35, 70, 100, 127)
KEY_S = 2.0  # between two rendered keys
ALIKE = 0.999  # correlation from which two programs of a soundfont are one kit

HELD_OUT_KITS = (
    "hydrogen/BJA_Pacific",
    "hydrogen/ColomboAcousticDrumkit",
    "hydrogen/Millo_MultiLayered3",
    "hydrogen/HardElectro1",
    "soundfont/Red_Zeppelin_4_LV2/0",
    "one-shots/samples",
)


@dataclass(frozen=True)
class Variant:
    """One way to strike a drum.

    Attributes:
        layers: soft to loud; each holds the sound at each microphone, equally long.
    """

    layers: tuple[Mapping[str, Mono], ...]


@dataclass(frozen=True)
class Kit:
    """The sounds of a drum kit.

    Attributes:
        name: source and name.
        drums: drum to the ways to strike it.
    """

    name: str
    drums: Mapping[str, list[Variant]] = field(default_factory=dict)


def is_held_out(kit: Kit) -> bool:
    """Return whether a kit is for validation only."""
    return kit.name in HELD_OUT_KITS


def drum_of_name(name: str) -> str | None:
    """Return the drum that the name of a sample says, None if it says none."""
    for pattern, drum in NAME_PATTERNS:
        if re.search(pattern, name.lower()):
            return drum
    return None


def load_sample(path: Path) -> Mono:
    """Read a sample as mono at RATE."""
    audio, rate = read_audio(path)
    mono = audio.mean(axis=0)
    if rate != RATE:
        import soxr

        mono = soxr.resample(mono, rate, RATE)
    return np.asarray(mono, np.float32)


def from_attack(sounds: Mapping[str, Mono]) -> Mapping[str, Mono]:
    """Return the sounds of one hit from its attack on, none longer than LONGEST_S."""
    length = min(map(len, sounds.values()))
    level = np.max([np.abs(sound[:length]) for sound in sounds.values()], axis=0)
    attack = int(np.argmax(level >= ATTACK_LEVEL * level.max(initial=0.0)))
    start = max(attack - round(ATTACK_LEAD_S * RATE), 0)
    return {name: faded(sound[start:length]) for name, sound in sounds.items()}


def faded(sound: Mono) -> Mono:
    """Return the first LONGEST_S of a sound, faded out at the cut."""
    cut = sound[: round(LONGEST_S * RATE)].copy()
    if len(cut) < len(sound):
        fade = round(FADE_S * RATE)
        cut[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return cut


def variant(layers: list[Mapping[str, Mono]]) -> Variant | None:
    """Return a variant of layers sorted by level, None if all of them are silent."""
    audible = [one for one in layers if peak(one) > SILENT_PEAK]
    return Variant(tuple(sorted(map(from_attack, audible), key=level))) if audible else None


def peak(sounds: Mapping[str, Mono]) -> float:
    """Return the largest absolute sample of the sounds of a hit."""
    return max(float(np.abs(sound).max(initial=0.0)) for sound in sounds.values())


def level(sounds: Mapping[str, Mono]) -> float:
    """Return the energy of a hit, over its microphones."""
    return float(sum(np.square(sound).sum() for sound in sounds.values()))


def add(
    drums: dict[str, list[Variant]], drum: str | None, layers: list[Mapping[str, Mono]]
) -> None:
    """Add one way to strike a drum, unless it is silent or no known drum."""
    made = variant(layers) if drum else None
    if drum and made:
        drums.setdefault(drum, []).append(made)


def hydrogen_kits(folder: Path) -> Iterator[Kit]:
    """Yield the kits of a folder of Hydrogen kits that have a kick, a snare and a hi-hat."""
    for xml in sorted(folder.glob("*/drumkit.xml")):
        drums: dict[str, list[Variant]] = {}
        for instrument in elements(ElementTree.parse(xml).getroot(), "instrument"):
            names = [text(layer, "filename") for layer in elements(instrument, "layer")]
            paths = [xml.parent / name for name in names or [text(instrument, "filename")] if name]
            found = [{"close": load_sample(path)} for path in paths if path.is_file()]
            add(drums, drum_of_name(text(instrument, "name")), list(found))
        yield Kit(f"hydrogen/{xml.parent.name}", drums)


def elements(parent: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Yield the elements of a name, in any XML namespace."""
    return (one for one in parent.iter() if one.tag.rpartition("}")[2] == name)


def text(parent: ElementTree.Element, name: str) -> str:
    """Return the text of the first child with a name, '' if there is none."""
    return next((one.text or "" for one in elements(parent, name)), "")


def muldjord_kit(folder: Path) -> Iterator[Kit]:
    """Yield the acoustic kit whose microphones are recorded separately."""
    drums: dict[str, list[Variant]] = {}
    for drum, names in MULDJORD_FOLDERS.items():
        for name in names:
            stems = sorted({path.name.split("-")[0] for path in (folder / name).glob("*.ogg")})
            layers = [microphones(folder / name, stem) for stem in stems]
            add(drums, drum, list(filter(None, layers)))
    yield Kit("muldjord/kit", drums)


def microphones(folder: Path, stem: str) -> Mapping[str, Mono]:
    """Return the sound of one hit at each microphone that recorded it."""
    paths = {name: folder / f"{stem}-{name}.ogg" for name in MICROPHONES}
    return {name: load_sample(path) for name, path in paths.items() if path.is_file()}


def sfz_kit(path: Path) -> Iterator[Kit]:
    """Yield the kit of an .sfz map.

    Raises:
        BadInputError: the map cannot be read.
    """
    regions, drums = read_sfz(path), dict[str, list[Variant]]()
    for key, drum in (*DRUM_OF_KEY.items(), *((key, OTHER) for key in OTHER_KEYS)):
        paths = [one.path for one in regions if one.keys[0] <= key <= one.keys[1]]
        add(drums, drum, [{"close": load_sample(path)} for path in paths])
    yield Kit(f"sfz/{path.stem}", drums)


def one_shot_kit(folder: Path) -> Iterator[Kit]:
    """Yield a kit of the single sounds in a folder."""
    drums: dict[str, list[Variant]] = {}
    for path in sorted(folder.glob("*.flac")):
        if drum := drum_of_name(path.stem):
            add(drums, drum, [{"close": load_sample(path)}])
    yield Kit(f"one-shots/{folder.name}", drums)


def soundfont_kits(soundfont: Path) -> Iterator[Kit]:
    """Yield the kits of a soundfont; programs that sound alike are one kit.

    A soundfont without a percussion bank is taken for one kit on program 0.
    """
    before: list[Mono] = []
    for program in KIT_PROGRAMS:
        sound = render_kit(soundfont, program, is_drum=True)
        if not sound.any():
            sound = render_kit(soundfont, program, is_drum=False)
        if any(is_alike(sound, other) for other in before):
            continue
        before.append(sound)
        yield Kit(f"soundfont/{soundfont.stem}/{program}", cut_rendering(sound))


def cut_rendering(sound: Mono) -> dict[str, list[Variant]]:
    """Return the drums in what `render_kit` rendered."""
    drums: dict[str, list[Variant]] = {}
    step, count = round(KEY_S * RATE), len(VELOCITIES)
    for index, (_, drum) in enumerate(rendered_keys()):
        first = index * count
        starts = [place * step for place in range(first, first + count)]
        add(drums, drum, [{"close": sound[start : start + step]} for start in starts])
    return drums


def rendered_keys() -> list[tuple[int, str]]:
    """Return the keys that are rendered, with their drums; those of Roland kits are left out."""
    keys = [(key, drum) for key, drum in DRUM_OF_KEY.items() if key not in (22, 26, 58)]
    return keys + [(key, OTHER) for key in OTHER_KEYS]


def render_kit(soundfont: Path, program: int, *, is_drum: bool) -> Mono:
    """Render each key at each velocity, KEY_S apart."""
    struck = [(key, velocity) for key, _ in rendered_keys() for velocity in VELOCITIES]
    notes = [Note(i * KEY_S, 0.2, key, loud) for i, (key, loud) in enumerate(struck)]
    song = Song(
        tempos=[Tempo(0.0, 60.0)], tracks=[Track(program=program, is_drum=is_drum, notes=notes)]
    )
    audio = render(song, soundfont=soundfont, sample_rate=RATE, tail_s=KEY_S, reverb=False)
    return np.asarray(audio.mean(axis=0), np.float32)


def is_alike(one: Mono, other: Mono) -> bool:
    """Return whether two renderings are of the same sounds."""
    length = min(len(one), len(other))
    a, b = one[:length:16], other[:length:16]
    scale = float(np.sqrt(np.square(a).sum() * np.square(b).sum()))
    return float(a @ b) >= ALIKE * scale
