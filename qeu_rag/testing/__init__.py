"""Contract tests that any implementation of a seam passes: inherit a class, give its one fixture, and run pytest.

Needs pytest, which only developers install; nothing in the program imports this package.
"""

from qeu_rag.testing.cross_encoder import CrossEncoderContract
from qeu_rag.testing.dense_store import DenseStoreContract
from qeu_rag.testing.document_reader import DocumentReaderContract, Sample
from qeu_rag.testing.encoder import EncoderContract
from qeu_rag.testing.engine import EngineContract
from qeu_rag.testing.pool import PoolContract

__all__ = [
    "CrossEncoderContract",
    "DenseStoreContract",
    "DocumentReaderContract",
    "EncoderContract",
    "EngineContract",
    "PoolContract",
    "Sample",
]
