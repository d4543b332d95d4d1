"""A mix in, stems out."""
