"""The beat phases that the tempo nets score, and the nets' sizes; needs no torch.

Phases are positions in a cycle of four beats, because music groups its beats in twos and fours.
A score over phases is a sum of harmonics of the cycle.
"""

import numpy as np

NAME = "jam-tempo"

CYCLE = 4  # beats
HARMONICS = np.array([1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32])  # of the cycle
STEPS = 24  # phases in a beat
PHASES = np.arange(CYCLE * STEPS) / STEPS  # beats
WAVES = np.exp(2j * np.pi / CYCLE * HARMONICS[:, None] * PHASES).astype(np.complex64)
BEAT_OUTPUTS = 1 + 2 * len(HARMONICS)  # of a beat net for one onset

TEMPO_UNITS = 40  # hidden units of a net that judges tempos
BEAT_UNITS = (48, 32)  # hidden units of a net that finds the beat
