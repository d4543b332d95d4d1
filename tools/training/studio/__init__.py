"""A rendering studio for training data: scores played by many instruments, through effects.

An example is a short recording of one part: audio, its notes and the name of its instrument. The
steps are one module each, from the lowest to the highest:

    effects.py       what amplifiers, rooms, consoles and codecs do to a sound
    instrument.py    what an instrument is: name, bank, role, range, styles, sound
    sampler.py       recorded notes: folders whose file names hold pitches ...
    sfz.py           ... and .sfz maps
    soundfonts.py    programs of the installed soundfonts
    synths.py        wavetable, FM and plucked synthesizers
    voices.py        a synthetic singer
    scores.py        generators: riffs, walking bass, strumming, comping, trills ...
    song_scores.py   lines and accompaniments of real songs, recorded drumming
    recordings.py    recorded stems, loops and one-shots
    catalogue.py     tables of all instruments, and which of them are held out
    stream.py        examples without end
    records.py       names and licenses of the sounds, for the cards of nets
    drum_kits.py, drum_scores.py, drum_takes.py, drum_shards.py, band_parts.py    drums in a band

    studio = Studio(Path("DATA"), "train")
    example = studio.example("bass", length_s=4.0, rate=22_050, seed=(0, 17))

Conventions: audio is mono float32 (frames,), full scale 1.0; pitches are MIDI numbers, C4 = 60;
times are in seconds. Everything that varies is drawn from a `numpy.random.Generator`, so the same
seed gives the same examples. Whole instruments and whole banks are held out for validation, by
name, never random clips. What is not installed or not in the data folder is left out.
"""
