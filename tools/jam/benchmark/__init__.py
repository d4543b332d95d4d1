"""How exact a jam is, measured through a real MIDI server."""
