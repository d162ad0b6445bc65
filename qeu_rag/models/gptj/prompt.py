"""The instruct prompt that GPT4All-J was trained on, and the strings at which a reply of its ends.

Its makers' form: nomic-ai/gpt4all-chat (SettingsDialog.qml, defaultPromptTemplate) and nomic-ai/gpt4all's Python bindings of
2023, which put "### Instruction:" above it; the reply begins on a line of its own (gpt4all-training/data.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage

_HEAD = (
    "### Instruction:\nThe prompt below is a question to answer, a task to complete, or a conversation to respond to; "
    "decide which and write an appropriate response.\n"
)
_PROMPT = "### Prompt:\n"
_RESPONSE = "### Response:\n"

STOPS = ("### Instruction", "### Prompt", "### Response")
"""What the model writes when it goes on by itself with another turn."""

_MARK = re.compile(r"^[ \t]*#+[ \t]*(?=(?:instruction|prompt|response)\b)", re.IGNORECASE | re.MULTILINE)


def render(messages: Sequence[BaseMessage]) -> str:
    """The text that the model reads: the system text first in the first prompt, earlier turns as prompts and responses."""
    return "".join(parts(messages))


def parts(messages: Sequence[BaseMessage]) -> tuple[str, str]:
    """The prompt in two: what is the same for every question with this system text, and the rest."""
    system = "\n\n".join(_text(message) for message in messages if isinstance(message, SystemMessage))
    fixed = f"{_HEAD}{_PROMPT}{system}\n\n" if system else f"{_HEAD}{_PROMPT}"
    turns: list[str] = []
    open_prompt = True
    for message in messages:
        if isinstance(message, SystemMessage):
            continue
        if isinstance(message, AIMessage):
            turns.append(f"{_RESPONSE}{_text(message)}\n")
            open_prompt = False
        else:
            turns.append(f"{_text(message)}\n" if open_prompt else f"{_PROMPT}{_text(message)}\n")
    return fixed, "".join(turns) + _RESPONSE


def _text(message: BaseMessage) -> str:
    """The message's text, in which no line can pass for the beginning of a turn."""
    return _MARK.sub("", message.text.strip())
