"""Contract tests that any implementation of a seam passes: inherit a class, give its one fixture, and run pytest.

Needs pytest, which only developers install; nothing in the program imports this package.
"""

from qeu_rag.testing.dense_store import DenseStoreContract
from qeu_rag.testing.encoder import EncoderContract

__all__ = ["DenseStoreContract", "EncoderContract"]
