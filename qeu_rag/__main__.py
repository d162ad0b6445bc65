"""``python -m qeu_rag``: the command-line program."""

from qeu_rag.cli import main

if __name__ == "__main__":
    main()
