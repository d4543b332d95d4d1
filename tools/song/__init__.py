"""The Song document: its structs, validation, meter, tempo map, MIDI and file export."""
