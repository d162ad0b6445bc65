"""The command line: a thin skin that parses, calls ``KnowHow``, prints, and turns errors into exit codes.

``main`` (main.py) runs it; ask.py, chat.py, ingest.py and inspect.py hold the commands, options.py what every command takes;
present.py makes the text for people (the JSON is qeu_rag.payload's),
transcript.py the record of a conversation. Nothing heavy is imported before a command runs.
"""

from qeu_rag.cli.main import main

__all__ = ["main"]
