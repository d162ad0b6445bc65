"""Past one machine: the same product on engines that others keep. Needs ``pip install 'qeu_rag[cluster]'``."""
