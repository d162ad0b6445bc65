"""What judges claims: a cross-encoder that says whether a passage supports a sentence; its weights and its card."""
