"""The embedder that comes with the program: multilingual-e5-small, ours by a cut vocabulary and training, in 4 and 8 bits."""
