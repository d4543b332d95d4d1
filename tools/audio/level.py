"""Amplify quiet recordings, and attenuate far too loud ones, before they are analyzed."""

import logging
from pathlib import Path

import numpy as np

from muse.tools.audio.io import AudioReader, writing_audio
from muse.tools.audio.loudness import dbfs

log = logging.getLogger("muse")

# peaks in dBFS between which the level is left as it is
QUIETEST_DBFS, LOUDEST_DBFS = -30.0, 12.0
NOISE_DBFS = -84.0  # a lower peak is the noise of 16 bits, not sound
TARGET_DBFS = -6.0  # peak after the change


def leveled(path: Path, name: str, folder: Path) -> Path:
    """Return a recording at a level that can be analyzed.

    Args:
        path: of the recording.
        name: for a message that tells the level and the gain.
        folder: for a copy with another level.

    Returns:
        the path itself where its level is usual or where it is silent; else that of the copy.
    """
    with AudioReader(path, name) as reader:
        peak = max(float(np.abs(block).max(initial=0.0)) for block in reader.blocks())
        peak_dbfs = dbfs(peak)
        if not is_unusual(peak_dbfs):
            return path
        gain_db = TARGET_DBFS - peak_dbfs
        gain = np.float32(10.0 ** (gain_db / 20.0))
        target = folder / "leveled.wav"
        with writing_audio(
            target, reader.sample_rate, reader.channels, bits="32f", frames=reader.frames
        ) as writer:
            for block in reader.blocks():
                writer.write(block * gain)
    kind, change = ("quiet", "amplified") if gain_db > 0 else ("too loud", "attenuated")
    log.info(
        "%s: %s (peak %.1f dBFS); %s by %.1f dB before it is transcribed",
        *(name, kind, peak_dbfs, change, abs(gain_db)),
    )
    return target


def is_unusual(peak_dbfs: float) -> bool:
    """Return whether a recording with this peak is too quiet or too loud, and not silent."""
    return NOISE_DBFS < peak_dbfs < QUIETEST_DBFS or peak_dbfs > LOUDEST_DBFS
