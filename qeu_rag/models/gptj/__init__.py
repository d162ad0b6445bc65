"""GPT4All-J files and their relatives: converted once, then run by CTranslate2, or by ctransformers where memory is short."""
