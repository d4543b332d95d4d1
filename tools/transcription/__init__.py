"""Transcription of audio: notes, drum hits, beats and key, combined in a Song."""
