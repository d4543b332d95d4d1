"""Songs as sequences of tokens and back: schemes, encoders, decoders, round-trip check, shards."""
