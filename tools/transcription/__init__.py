"""Audio in, notes, drums, beats and a Song out."""
