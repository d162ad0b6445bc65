"""Documents in: reading files, splitting them into chunks, keeping the ledger in step with the folders."""
