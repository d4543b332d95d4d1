"""Separation of audio into stems that sum to the mix."""
