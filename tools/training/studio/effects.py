"""Effects of the studio: what amplifiers, rooms, consoles and codecs do to a sound.

Conventions: audio is mono float32 (frames,), full scale 1.0, at `rate` Hz. An effect is a pure
function that returns as many frames as it gets and keeps every onset in its place. `random_chain`
draws effects and their parameters from one of CHAINS; the chain is then an effect like the others.

    chain = random_chain(np.random.default_rng(7), "recording")
    wet = chain(dry, 44_100)
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import soundfile
from numpy.random import Generator
from numpy.typing import NDArray

Audio = NDArray[np.float32]
Effect = Callable[[Audio, int], Audio]
Points = Sequence[tuple[float, float]]  # (Hz, dB), in ascending order of Hz

LEVEL_WINDOW_S = 0.01  # of the level that a compressor follows
SILENCE = 1e-7  # level below which a sound is left as it is
NOISE_COLORS = {"white": 0.0, "pink": -3.0, "brown": -6.0}  # dB per octave
MAINS_HZ = (50.0, 60.0)
HUM_PARTIALS_DB = (0.0, -6.0, -3.0, -12.0, -9.0)  # of the mains frequency
PEAK = 0.98  # highest peak that a codec gets


def rms(audio: Audio) -> float:
    """Return the root mean square of the samples."""
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64)))) if len(audio) else 0.0


def db_to_amplitude(db: float) -> np.float32:
    """Return the factor of a level in dB."""
    return np.float32(10.0 ** (db / 20.0))


def change_level(audio: Audio, rate: int, *, db: float) -> Audio:
    """Raise the level by `db`."""
    return audio * db_to_amplitude(db)


def at_level_of(audio: Audio, reference: Audio) -> Audio:
    """Return `audio` with the root mean square of `reference`."""
    level = rms(audio)
    return audio * np.float32(rms(reference) / level) if level > SILENCE else audio


def equalize(audio: Audio, rate: int, *, points: Points) -> Audio:
    """Change the level of frequencies, without delay.

    Args:
        audio: (frames,).
        rate: in Hz.
        points: (Hz, dB) in ascending order; gains between them lie on straight lines over log
            frequency, and those beyond them are the outermost ones.
    """
    size = fast_length(len(audio))
    frequencies = np.fft.rfftfreq(size, 1.0 / rate)
    hz, db = np.array(points).T
    gains = np.interp(np.log2(np.maximum(frequencies, 1.0)), np.log2(hz), db)
    spectrum = np.fft.rfft(audio, size) * 10.0 ** (gains / 20.0)
    return np.fft.irfft(spectrum, size)[: len(audio)].astype(np.float32)


def fast_length(frames: int) -> int:
    """Return a length for Fourier transforms, at least `frames` plus the ringing of filters."""
    from scipy.fft import next_fast_len  # type: ignore[import-untyped]

    return int(next_fast_len(frames + 4096, real=True))


def low_pass(audio: Audio, rate: int, *, hz: float, order: int = 6) -> Audio:
    """Remove what is above `hz` (Butterworth)."""
    return butterworth(audio, rate, hz, order, "lowpass")


def high_pass(audio: Audio, rate: int, *, hz: float, order: int = 2) -> Audio:
    """Remove what is below `hz` (Butterworth)."""
    return butterworth(audio, rate, hz, order, "highpass")


def butterworth(audio: Audio, rate: int, hz: float, order: int, kind: str) -> Audio:
    """Filter with a Butterworth filter; an edge beyond the band of the audio changes nothing."""
    from scipy.signal import butter, sosfilt  # type: ignore[import-untyped]

    if not 0.0 < hz < 0.49 * rate:
        return audio
    return np.asarray(sosfilt(butter(order, hz, kind, fs=rate, output="sos"), audio), np.float32)


def drive(audio: Audio, rate: int, *, db: float, bias: float = 0.0) -> Audio:
    """Distort softly (hyperbolic tangent) and restore the level.

    Args:
        audio: (frames,).
        rate: in Hz.
        db: gain of the loudest sample into the distortion: 0 hardly distorts, 40 is fuzz.
        bias: added before the distortion; other than 0 it gives even partials.
    """
    peak = float(np.abs(audio).max(initial=0.0))
    if peak <= SILENCE:
        return audio
    shaped = np.tanh(audio / np.float32(peak) * db_to_amplitude(db) + np.float32(bias))
    return at_level_of((shaped - np.tanh(np.float32(bias))).astype(np.float32), audio)


def compress(
    audio: Audio, rate: int, *, threshold_db: float, ratio: float, release_s: float
) -> Audio:
    """Lower what is louder than a threshold, and restore the level.

    Args:
        audio: (frames,).
        rate: in Hz.
        threshold_db: relative to the loudest moment.
        ratio: of a level above the threshold to what is left of it.
        release_s: time in which the gain returns.
    """
    window = max(1, round(LEVEL_WINDOW_S * rate))
    power = np.add.reduceat(np.square(audio), np.arange(0, len(audio), window)) / window
    level = 10.0 * np.log10(np.maximum(power, SILENCE**2))
    over = np.maximum(level - level.max() - threshold_db, 0.0) * (1.0 - 1.0 / ratio)
    fall = over.max() / max(release_s / LEVEL_WINDOW_S, 1.0)  # dB in one window
    for i in range(1, len(over)):
        over[i] = max(over[i], over[i - 1] - fall)
    gain = np.interp(np.arange(len(audio)) / window - 0.5, np.arange(len(over)), -over)
    return at_level_of(audio * (10.0 ** (gain / 20.0)).astype(np.float32), audio)


def chorus(audio: Audio, rate: int, *, depth_ms: float, hz: float, mix: float) -> Audio:
    """Add a copy whose delay swings between `depth_ms` and twice of it, `hz` times a second."""
    frames = np.arange(len(audio))
    delay = depth_ms * 1e-3 * rate * (1.5 + 0.5 * np.sin(2 * np.pi * hz * frames / rate))
    copy = np.interp(frames - delay, frames, audio, left=0.0).astype(np.float32)
    return at_level_of(audio + np.float32(mix) * copy, audio)


def tremolo(audio: Audio, rate: int, *, hz: float, depth: float) -> Audio:
    """Let the level swing `hz` times a second between 1 and 1 - `depth`."""
    swing = 0.5 - 0.5 * np.cos(2 * np.pi * hz * np.arange(len(audio)) / rate)
    return (audio * (1.0 - depth * swing)).astype(np.float32)


def echo(audio: Audio, rate: int, *, delay_s: float, feedback: float, mix: float) -> Audio:
    """Add repetitions, each `feedback` times as loud as the one before."""
    wet, gain, step = audio.copy(), mix, round(delay_s * rate)
    for shift in range(step, len(audio), max(step, 1)):
        if gain < 0.02:
            break
        wet[shift:] += np.float32(gain) * audio[:-shift]
        gain *= feedback
    return wet


def reverberate(audio: Audio, rate: int, *, decay_s: float, wet: float, seed: int) -> Audio:
    """Add a room: noise that falls by 60 dB in `decay_s`, high frequencies sooner.

    Args:
        audio: (frames,).
        rate: in Hz.
        decay_s: reverberation time.
        wet: level of the room relative to the direct sound.
        seed: of the room.
    """
    from scipy.signal import fftconvolve

    time = np.arange(max(1, round(decay_s * rate))) / rate
    noise = np.random.default_rng(seed).standard_normal((2, len(time)))
    noise[1] = np.convolve(noise[1], np.ones(8) / 8, "same") * np.sqrt(8)
    room = noise[0] * 10 ** (-6.0 * time / decay_s) + noise[1] * 10 ** (-3.0 * time / decay_s)
    late = fftconvolve(audio, room.astype(np.float32))[: len(audio)].astype(np.float32)
    return audio + np.float32(wet) * at_level_of(late, audio)


def crush_bits(audio: Audio, rate: int, *, bits: int, held: int = 1) -> Audio:
    """Round to steps of 2 / 2**bits of the peak, and hold each `held`-th sample."""
    peak = np.float32(np.abs(audio).max(initial=0.0))
    if peak <= SILENCE:
        return audio
    steps = np.float32(2 ** (bits - 1))
    rounded = np.rint(audio / peak * steps) / steps * peak
    return np.repeat(rounded[::held], held)[: len(audio)].astype(np.float32)


def add_noise(audio: Audio, rate: int, *, below_db: float, color: str, seed: int) -> Audio:
    """Add steady noise, `below_db` under the level of the sound; colors are in NOISE_COLORS."""
    noise = np.random.default_rng(seed).standard_normal(len(audio)).astype(np.float32)
    slope = NOISE_COLORS[color]
    points = [(20.0 * 2**octave, slope * octave) for octave in range(11)]
    colored = at_level_of(equalize(noise, rate, points=points), audio)
    return audio + colored * db_to_amplitude(-below_db)


def add_hum(audio: Audio, rate: int, *, below_db: float, hz: float) -> Audio:
    """Add the hum of the mains, `below_db` under the level of the sound."""
    time = 2 * np.pi * np.arange(len(audio)) / rate
    partials = (
        float(db_to_amplitude(db)) * np.sin(hz * (i + 1) * time)
        for i, db in enumerate(HUM_PARTIALS_DB)
    )
    hum = np.sum(list(partials), axis=0).astype(np.float32)
    return audio + at_level_of(hum, audio) * db_to_amplitude(-below_db)


def code_lossy(audio: Audio, rate: int, *, container: str, compression: float) -> Audio:
    """Encode and decode as MP3 or Ogg Vorbis.

    Args:
        audio: (frames,).
        rate: in Hz; one that the codec has.
        container: 'MP3' or 'OGG'.
        compression: 0 (best) to 1 (smallest).
    """
    subtype = {"MP3": "MPEG_LAYER_III", "OGG": "VORBIS"}[container]
    scale = np.float32(PEAK / max(float(np.abs(audio).max(initial=0.0)), PEAK))
    file = io.BytesIO()
    soundfile.write(
        file, audio * scale, rate, subtype, format=container, compression_level=compression
    )
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    padded = np.zeros(len(audio), np.float32)
    padded[: len(decoded)] = decoded[: len(audio)]
    return padded / scale


@dataclass(frozen=True)
class Chain:
    """Effects in order.

    Attributes:
        effects: with their parameters bound.
    """

    effects: tuple[Effect, ...] = ()

    def __call__(self, audio: Audio, rate: int) -> Audio:
        """Return the audio after all effects."""
        for effect in self.effects:
            audio = effect(audio, rate)
        return audio


def draw_equalizer(rng: Generator) -> Effect:
    """Draw a smooth curve of up to about 10 dB."""
    points = [(60.0 * 4**i, float(rng.normal(0.0, 4.0))) for i in range(5)]
    return partial(equalize, points=points)


def draw_cabinet(rng: Generator) -> Effect:
    """Draw the band and resonances of a loudspeaker of a guitar or bass amplifier."""
    low, high = rng.uniform(50.0, 110.0), rng.uniform(3000.0, 6500.0)
    ripples = [(low * 2**i, float(rng.normal(0.0, 3.0))) for i in range(1, 5)]
    edges = [(low / 2, -18.0), (low, -3.0)], [(high, 0.0), (high * 1.6, -24.0), (high * 3, -50.0)]
    return partial(equalize, points=[*edges[0], *(p for p in ripples if p[0] < high), *edges[1]])


def draw_drive(rng: Generator) -> Effect:
    """Draw a distortion, from a warm stage to fuzz."""
    return partial(drive, db=float(rng.uniform(0.0, 38.0)), bias=float(rng.uniform(0.0, 0.4)))


def draw_saturation(rng: Generator) -> Effect:
    """Draw the light distortion of tape or a console."""
    return partial(drive, db=float(rng.uniform(-8.0, 6.0)), bias=float(rng.uniform(0.0, 0.2)))


def draw_compressor(rng: Generator) -> Effect:
    """Draw a compressor."""
    return partial(
        compress,
        threshold_db=float(rng.uniform(-30.0, -6.0)),
        ratio=float(rng.uniform(1.5, 8.0)),
        release_s=float(rng.uniform(0.04, 0.4)),
    )


def draw_chorus(rng: Generator) -> Effect:
    """Draw a chorus, or a flanger where its delay is short."""
    return partial(
        chorus,
        depth_ms=float(rng.uniform(1.0, 12.0)),
        hz=float(rng.uniform(0.1, 3.0)),
        mix=float(rng.uniform(0.3, 0.9)),
    )


def draw_tremolo(rng: Generator) -> Effect:
    """Draw a tremolo."""
    return partial(tremolo, hz=float(rng.uniform(2.0, 9.0)), depth=float(rng.uniform(0.2, 0.8)))


def draw_echo(rng: Generator) -> Effect:
    """Draw an echo."""
    return partial(
        echo,
        delay_s=float(rng.uniform(0.08, 0.5)),
        feedback=float(rng.uniform(0.1, 0.5)),
        mix=float(rng.uniform(0.1, 0.4)),
    )


def draw_room(rng: Generator) -> Effect:
    """Draw a room, from a booth to a hall."""
    return partial(
        reverberate,
        decay_s=float(np.exp(rng.uniform(np.log(0.15), np.log(2.5)))),
        wet=float(rng.uniform(0.05, 0.5)),
        seed=int(rng.integers(1 << 31)),
    )


def draw_bits(rng: Generator) -> Effect:
    """Draw the converters of an old sampler."""
    return partial(crush_bits, bits=int(rng.integers(6, 13)), held=int(rng.integers(1, 4)))


def draw_low_pass(rng: Generator) -> Effect:
    """Draw the upper edge of a lossy codec, a telephone or an old tape."""
    return partial(low_pass, hz=float(np.exp(rng.uniform(np.log(3000.0), np.log(17_000.0)))))


def draw_high_pass(rng: Generator) -> Effect:
    """Draw the lower edge of a microphone or a console."""
    return partial(high_pass, hz=float(np.exp(rng.uniform(np.log(20.0), np.log(200.0)))))


def draw_codec(rng: Generator) -> Effect:
    """Draw a lossy codec and how much it compresses."""
    container = str(rng.choice(["MP3", "OGG"]))
    return partial(code_lossy, container=container, compression=float(rng.uniform(0.2, 0.95)))


def draw_noise(rng: Generator) -> Effect:
    """Draw the noise of an amplifier, a tape or a room."""
    return partial(
        add_noise,
        below_db=float(rng.uniform(25.0, 70.0)),
        color=str(rng.choice(list(NOISE_COLORS))),
        seed=int(rng.integers(1 << 31)),
    )


def draw_hum(rng: Generator) -> Effect:
    """Draw the hum of the mains."""
    return partial(add_hum, below_db=float(rng.uniform(30.0, 60.0)), hz=float(rng.choice(MAINS_HZ)))


def draw_level(rng: Generator) -> Effect:
    """Draw a level."""
    return partial(change_level, db=float(rng.uniform(-24.0, 0.0)))


Draws = tuple[tuple[float, Callable[[Generator], Effect]], ...]  # share of the chains, effect

RECORDING: Draws = (
    (0.6, draw_equalizer),
    (0.25, draw_saturation),
    (0.35, draw_compressor),
    (0.2, draw_high_pass),
    (0.5, draw_room),
    (0.3, draw_noise),
    (0.05, draw_hum),
    (0.25, draw_low_pass),
    (0.04, draw_bits),
    (0.2, draw_codec),
    (1.0, draw_level),
)
AMPLIFIER: Draws = (
    (0.3, draw_compressor),
    (0.6, draw_drive),
    (0.15, draw_tremolo),
    (0.85, draw_cabinet),
    (0.2, draw_chorus),
    (0.15, draw_echo),
)
# kind of chain to the effects that it draws from, in their order
CHAINS: dict[str, Draws] = {
    "recording": RECORDING,
    "amplifier": (*AMPLIFIER, *RECORDING),
    "electronic": ((0.2, draw_drive), (0.2, draw_chorus), (0.2, draw_echo), *RECORDING),
}


def random_chain(rng: Generator, kind: str = "recording") -> Chain:
    """Draw effects and their parameters from CHAINS[kind].

    Args:
        rng: of all draws; each possible effect takes its draws, whether it is used or not.
        kind: 'recording' for microphones, console and codec, 'amplifier' for guitars and basses
            before those, 'electronic' for synthesizers and samplers before those.
    """
    drawn = [(rng.random() < share, draw(rng)) for share, draw in CHAINS[kind]]
    return Chain(tuple(effect for is_used, effect in drawn if is_used))
