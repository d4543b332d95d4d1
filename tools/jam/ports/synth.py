"""FluidSynth played at once, through this machine's sound system."""

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
from muse.tools.jam.ports.midi_system import quiet_jack

log = logging.getLogger("muse")

# FluidSynth's drivers by platform.system(), the likeliest first
DRIVERS = {
    "Linux": ("pulseaudio", "pipewire", "alsa", "jack"),
    "Darwin": ("coreaudio", "jack"),
    "Windows": ("wasapi", "dsound"),
}
OTHER_DRIVERS = ("alsa", "jack", "portaudio")
SOUND_CARDS = Path("/dev/snd")
# 2 periods of 256 frames are 12 ms at 44.1 kHz; FluidSynth's own on Windows are 8 of 512
LOW_LATENCY = {
    "audio.period-size": 256,
    "audio.periods": 2,
    "audio.pulseaudio.adjust-latency": 0,
    "audio.jack.autoconnect": 1,
}
NO_JACK_START = ("JACK_NO_START_SERVER", "1")  # read by libjack, which would start a server
CHANNELS = 16


class SynthSink:
    """A synthesizer that sounds what it is sent.

    Attributes:
        driver: the sound system in use, as FluidSynth calls it.
    """

    def __init__(self, soundfont: Path | None = None, drivers: tuple[str, ...] = ()) -> None:
        """Load a soundfont and open the sound system.

        Args:
            soundfont: an .sf2 or .sf3; None takes the best one found.
            drivers: FluidSynth's names of those to try, in order; none for this system's.

        Raises:
            MissingPartError: no FluidSynth, no soundfont, or no sound on this machine.
            BadInputError: a soundfont that is none.
        """
        font = choose_soundfont(soundfont)
        with ExitStack() as stack:
            self._synth, self._font = stack.enter_context(synthesizer(font, SAMPLE_RATE, GAIN))
            self.driver = start_audio(self._synth, drivers or usual_drivers())
            for channel in range(CHANNELS):
                self._select(channel, 0)
            self._stack = stack.pop_all()
        log.info("FluidSynth plays through %s", self.driver)

    def send(self, message: Message) -> None:
        """Sound it; what FluidSynth has no call for is passed over."""
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

    def close(self) -> None:
        """Let go of the sound system; a second time does nothing."""
        self._stack.close()

    def _select(self, channel: int, program: int) -> None:
        """Choose an instrument."""
        bank = DRUM_BANK if channel == DRUM_CHANNEL else 0
        select_program(self._synth, self._font, channel, bank, program)


def usual_drivers() -> tuple[str, ...]:
    """The drivers worth trying here: ALSA only where it has a card, as it complains otherwise."""
    names = DRIVERS.get(platform.system(), OTHER_DRIVERS)
    has_card = any(SOUND_CARDS.glob("pcm*p"))
    return tuple(name for name in names if name != "alsa" or has_card)


def start_audio(synth: Any, drivers: tuple[str, ...]) -> str:
    """Open the first driver that works; its name.

    Raises:
        MissingPartError: none does.
    """
    fluidsynth = load_fluidsynth()
    quiet_jack()
    os.environ.setdefault(*NO_JACK_START)
    for name, value in LOW_LATENCY.items():
        synth.setting(name, value)
    for driver in drivers:
        synth.setting("audio.driver", driver)
        synth.audio_driver = fluidsynth.new_fluid_audio_driver(synth.settings, synth.synth)
        if synth.audio_driver:
            return driver
    raise MissingPartError(
        f"no sound system answers here (tried {', '.join(drivers)}): write a file with "
        "--out take.mid or --out take.wav, or play into a MIDI port with --out NAME"
    )
