"""Evidence of the most salient line of a mix: the melody where no voice sings it.

The note net's head for voices has low posteriors for instruments that it was not trained on. The
salience of a pitch in a frame is a weighted sum: the posterior that the pitch sounds at all, the
level of its partials relative to the loudest pitch, the posterior of the head for voices, and, with
a negative weight, that of the head for basses. Pitches far from the usual pitch of the line count
less.
"""

from collections.abc import Mapping

import numpy as np

from muse.models.basic_pitch import LOWEST_PITCH, PITCHES
from muse.models.note_net.inference import Evidence
from muse.tools.audio.spectra import Matrix, partial_power, power_to_db
from muse.tools.transcription.engines import ANY

SALIENT = "salient"  # name of this evidence among those of the heads
# weights of the posteriors of the heads
WEIGHTS = {ANY: 2.0, "voice": 1.0, "bass": -1.5}
LEVEL_WEIGHT = 0.045  # per dB below the loudest pitch of the frame
DISTANCE_COST = 0.5  # of one octave from the line's usual pitch; grows with the square
CROSSOVER_PITCH = 59  # partials below belong to the bass and to drums as often as to the melody
LOUD_PERCENTILE = 90.0  # of the frames' highest saliences, to which the threshold is relative
THRESHOLD = 0.3  # share of that salience from which a line is likelier than a rest
SLOPE = 2.0  # log odds of the line per unit of salience
LEAST_POSTERIOR = 0.05  # of a frame in which a note of the line may start
PASSES = 2  # estimates of the usual pitch


def salient_line(evidence: Mapping[str, Evidence], power: Matrix) -> Evidence:
    """Compute the evidence of the most salient line.

    Args:
        evidence: of the heads in WEIGHTS.
        power: (frames, ROWS) as `semitone_power` gives it.

    Returns:
        posteriors for the decoder of one voice.
    """
    salience = measure_salience(evidence, power)
    if not salience.size:
        return evidence[ANY]
    salience = prefer_usual_pitch(salience)
    loud = np.percentile(salience.max(axis=1), LOUD_PERCENTILE)
    posterior = 1.0 / (1.0 + np.exp(-SLOPE * (salience - THRESHOLD * loud)))
    onset = np.maximum(evidence[ANY].onset, evidence["voice"].onset)
    onset = np.where(posterior > LEAST_POSTERIOR, onset, 0.0)
    return Evidence(np.asarray(posterior, np.float32), np.asarray(onset, np.float32))


def measure_salience(evidence: Mapping[str, Evidence], power: Matrix) -> Matrix:
    """Return the salience of each pitch, (frames, PITCHES)."""
    upper = power.copy()
    upper[:, : CROSSOVER_PITCH - LOWEST_PITCH] = 0.0
    level_db = power_to_db(partial_power(upper))
    level_db -= level_db.max(axis=1, keepdims=True)
    heads = sum(weight * evidence[head].frame_posterior for head, weight in WEIGHTS.items())
    return np.asarray(heads + LEVEL_WEIGHT * level_db, np.float32)


def prefer_usual_pitch(salience: Matrix) -> Matrix:
    """Subtract the cost of the distance from the line's usual pitch.

    That is the median of the most salient pitches in the louder half of the frames.
    """
    rows, preferred = np.arange(PITCHES), salience
    for _ in range(PASSES):
        highest = preferred.max(axis=1)
        usual = np.median(preferred.argmax(axis=1)[highest >= np.median(highest)])
        preferred = salience - DISTANCE_COST * np.square((rows - usual) / 12.0)
    return np.asarray(preferred, np.float32)
