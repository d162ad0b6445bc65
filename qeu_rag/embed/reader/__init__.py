"""The bundled reader: a cross-encoder that says whether a window answers a question, and where; its weights and its card."""
