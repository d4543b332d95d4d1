"""MIDI ports, JSON lines and sound: what comes in and what goes out."""
