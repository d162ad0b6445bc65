"""Tables of any origin: their cells, header and lines; delimited files."""
