"""Benchmark of the timing of a jam through a real MIDI server."""
