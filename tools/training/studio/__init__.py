"""A rendering studio for training data: scores played by many instruments, through effects.

An example is a short recording of one part: audio, its notes and the name of its instrument. The
steps are one module each, from the lowest to the highest:

    effects.py       what amplifiers, rooms, consoles and codecs do to a sound

Conventions: audio is mono float32 (frames,), full scale 1.0; pitches are MIDI numbers, C4 = 60;
times are in seconds. Everything that varies is drawn from a `numpy.random.Generator`, so the same
seed gives the same examples. Whole instruments and whole banks are held out for validation, by
name, never random clips.
"""
