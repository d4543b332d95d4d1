"""What chord-transformer and chord-lstm share: configs, output heads, inference."""
