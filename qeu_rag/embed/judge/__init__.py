"""The bundled judge: a cross-encoder that says whether a passage supports a claim; its weights and its card."""
