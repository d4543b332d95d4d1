"""MIDI ports, pipes and the synthesizer: input queue, playback, outputs."""
