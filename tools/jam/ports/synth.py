"""FluidSynth in real time, through this machine's sound system."""

import logging
import os
import platform
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from muse.tools.audio.render import (
    DRUM_BANK,
    DRUM_CHANNEL,
    GAIN,
    SAMPLE_RATE,
    load_fluidsynth,
    select_program,
    synthesizer,
)
from muse.tools.audio.soundfonts import choose_soundfont
from muse.tools.errors import MissingPartError
from muse.tools.jam.events import Message
from muse.tools.jam.midi_bytes import BEND, CONTROL, NOTE_OFF, NOTE_ON, PROGRAM, bend_of, kind_of
from muse.tools.jam.ports.midi_system import silence_jack_messages

log = logging.getLogger("muse")

# FluidSynth's drivers by platform.system(), in order of preference
DRIVERS = {
    "Linux": ("pulseaudio", "pipewire", "alsa", "jack"),
    "Darwin": ("coreaudio", "jack"),
    "Windows": ("wasapi", "dsound"),
}
OTHER_DRIVERS = ("alsa", "jack", "portaudio")
SOUND_CARDS = Path("/dev/snd")
SOUND_SERVERS = ("pulse/native", "pipewire-0")  # sockets of the user
# 2 periods of 256 frames are 12 ms at 44.1 kHz; FluidSynth's default on Windows is 8 of 512
LOW_LATENCY = {
    "audio.period-size": 256,
    "audio.periods": 2,
    "audio.pulseaudio.adjust-latency": 0,
    "audio.jack.autoconnect": 1,
}
NO_JACK_START = (
    "JACK_NO_START_SERVER",
    "1",
)  # environment variable that keeps libjack from starting a server
CHANNELS = 16


class SynthOutput:
    """A synthesizer that plays messages.

    Attributes:
        driver: FluidSynth's name of the sound system in use.
    """

    def __init__(self, soundfont: Path | None = None, drivers: tuple[str, ...] = ()) -> None:
        """Load a soundfont and open the sound system.

        Args:
            soundfont: an .sf2 or .sf3 file; None takes the best one found.
            drivers: FluidSynth's names of drivers to try, in order; empty for this system's.

        Raises:
            MissingPartError: no FluidSynth, no soundfont, or no sound system.
            BadInputError: the soundfont cannot be read.
        """
        font = choose_soundfont(soundfont)
        with ExitStack() as stack:
            self._synth, self._font = stack.enter_context(synthesizer(font, SAMPLE_RATE, GAIN))
            self.driver = start_audio(self._synth, drivers or default_drivers())
            for channel in range(CHANNELS):
                self._select(channel, 0)
            self._stack = stack.pop_all()
        log.info("playing with FluidSynth through %s", self.driver)

    def send(self, message: Message) -> None:
        """Play a message; kinds that FluidSynth has no call for are ignored."""
        data = message.data
        channel, kind = data[0] & 0x0F, kind_of(data)
        if kind == NOTE_ON:
            self._synth.noteon(channel, data[1], data[2])
        elif kind == NOTE_OFF:
            self._synth.noteoff(channel, data[1])
        elif kind == CONTROL:
            self._synth.cc(channel, data[1], data[2])
        elif kind == PROGRAM:
            self._select(channel, data[1])
        elif kind == BEND:
            self._synth.pitch_bend(channel, bend_of(data))

    def settle(self) -> bool:
        """Return False: no message is lost."""
        return False

    def close(self) -> None:
        """Close the sound system; a second call has no effect."""
        self._stack.close()

    def _select(self, channel: int, program: int) -> None:
        """Select the instrument of a channel."""
        bank = DRUM_BANK if channel == DRUM_CHANNEL else 0
        select_program(self._synth, self._font, channel, bank, program)


def default_drivers() -> tuple[str, ...]:
    """Return the drivers to try; ALSA only with a sound card, since it prints errors."""
    names = DRIVERS.get(platform.system(), OTHER_DRIVERS)
    return tuple(name for name in names if name != "alsa" or has_alsa_card())


def has_alsa_card() -> bool:
    """Return whether ALSA has a sound card that plays."""
    return any(SOUND_CARDS.glob("pcm*p"))


def has_sound_card() -> bool:
    """Return whether sound can be heard: a card, or a sound server; assumed but on Linux."""
    if platform.system() != "Linux" or has_alsa_card() or os.environ.get("PULSE_SERVER"):
        return True
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nowhere")
    return any((folder / name).exists() for name in SOUND_SERVERS)


def start_audio(synth: Any, drivers: tuple[str, ...]) -> str:
    """Open the first driver that works and return its name.

    Raises:
        MissingPartError: none works.
    """
    fluidsynth = load_fluidsynth()
    silence_jack_messages()
    os.environ.setdefault(*NO_JACK_START)
    for name, value in LOW_LATENCY.items():
        synth.setting(name, value)
    for driver in drivers:
        synth.setting("audio.driver", driver)
        synth.audio_driver = fluidsynth.new_fluid_audio_driver(synth.settings, synth.synth)
        if synth.audio_driver:
            return driver
    raise MissingPartError(
        f"no sound system responds (tried {', '.join(drivers)}): write a file with "
        "--out take.mid or --out take.wav, or play into a MIDI port with --out NAME"
    )
