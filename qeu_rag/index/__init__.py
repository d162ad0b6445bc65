"""What is kept: the ledger (the truth) and the dense and lexical indexes derived from it."""
