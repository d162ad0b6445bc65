r"""Writes LaTeX mathematics as a line of plain text that a person can read: ``\frac{\alpha}{n+1}`` is ``α/(n+1)``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[{}^_&~%]|\s+|[^\\{}^_&~%\s]", re.S)
_SPACES = frozenset(
    ("quad", "qquad", "medspace", "thinspace", "thickspace", ",", ";", ":", "!", ">", " ", "\n", "hfill")
)
_SILENT = frozenset(
    "left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr displaystyle textstyle scriptstyle"
    " scriptscriptstyle limits nolimits nonumber notag hline rm bf it sf tt mathstrut null negthinspace / protect centering"
    " tiny scriptsize footnotesize small normalsize large Large boldmath cline".split()
)
"""Commands that say only how something looks."""
_SIZED = frozenset(("left", "right", "middle"))
"""After these a dot stands for no bracket at all."""
_GROUPS = frozenset(
    "text textrm textbf textit textsf texttt textnormal mathrm mathbf mathit mathsf mathtt mathcal mathbb mathfrak mathscr"
    " boldsymbol bm mbox hbox operatorname pmb underbrace overbrace ensuremath mathop mathrel mathbin fbox boxed".split()
)
_DROPPED = frozenset("label hspace vspace hphantom vphantom phantom color textcolor arraycolsep setlength ref".split())
"""Commands whose (first) argument is no text."""
_FRACTIONS = frozenset("frac dfrac tfrac cfrac".split())
_ACCENTS = {"overline": "\u0304", "widehat": "\u0302", "widetilde": "\u0303", "overrightarrow": "\u20d7"}
_FUNCTIONS = frozenset(
    "sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan log ln lg exp max min sup inf lim limsup liminf det dim"
    " ker arg gcd deg hom Pr argmax argmin".split()
)
_OWN = {
    "dots": "…", "ldots": "…", "cdots": "⋯", "dotsc": "…", "dotsb": "⋯", "to": "→", "ne": "≠", "le": "≤", "ge": "≥",
    "lt": "<", "gt": ">", "lvert": "|", "rvert": "|", "vert": "|", "mid": "|", "lVert": "‖", "rVert": "‖", "Vert": "‖",
    "degree": "°", "prime": "′", "ast": "*", "colon": ":", "backslash": "\\", "iff": "⇔", "implies": "⇒", "land": "∧",
    "lor": "∨", "|": "‖", "bmod": "mod", "-": "",
}  # fmt: skip
_BINARY = frozenset(("to", "ne", "le", "ge", "lt", "gt", "mid", "iff", "implies", "land", "lor", "bmod"))
_ENVIRONMENT = re.compile(r"\\(?:begin\{([a-z]+)\*?\}(?:\[[^\]]*\])?|end\{[a-z]+\*?\})")
_COLUMNS = re.compile(r"\s*\{(?:[^{}]|\{[^{}]*\})*\}")
_WITH_COLUMNS = frozenset(("array", "tabular", "alignat", "alignedat"))
_DEEPEST = 60


def readable(tex: str) -> str:
    """``tex`` as plain text; as it is where its braces do not match. Unknown commands stay as they are written."""
    reading = _Reading(tokens=[match[0] for match in _TOKEN.finditer(_without_environments(tex))])
    try:
        text = "".join(reading.group(closing="", depth=0))
    except _Unreadable:
        return tex.strip()
    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in unicodedata.normalize("NFC", text).split("\n"))
    return re.sub(r"(?<=[(\[{]) | (?=[)\]},;])|(?m:(?<=^[-+]) )", "", "\n".join(line for line in lines if line))


def _without_environments(tex: str) -> str:
    """``tex`` without the marks of environments and the columns that some of them declare."""
    parts, at = [], 0
    for match in _ENVIRONMENT.finditer(tex):
        if match.start() < at:
            continue
        parts.append(tex[at : match.start()])
        columns = _COLUMNS.match(tex, match.end()) if match[1] in _WITH_COLUMNS else None
        at = columns.end() if columns else match.end()
    return " ".join([*parts, tex[at:]])


class _Unreadable(Exception):
    """Braces that do not match, or nested without end."""


@dataclass(slots=True, kw_only=True)
class _Reading:
    """The tokens of a formula and how far they are read."""

    tokens: list[str]
    at: int = 0

    def group(self, *, closing: str, depth: int) -> Iterator[str]:
        """The text up to the token ``closing``, which is read, too, or to the end where that is empty."""
        if depth > _DEEPEST:
            raise _Unreadable
        while self.at < len(self.tokens):
            token = self._next()
            if token == closing:
                return
            if token == "}":
                raise _Unreadable
            yield self._said(token, depth)
        if closing:
            raise _Unreadable

    def _next(self) -> str:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def _said(self, token: str, depth: int) -> str:
        if token == "{":
            return "".join(self.group(closing="}", depth=depth + 1))
        if token in "^_":
            return self._script(token, self._argument(depth).strip())
        if token in ("\\\\", "\\cr", "\\newline"):
            return "\n"
        if token.startswith("\\"):
            return self._command(token[1:].rstrip("*"), depth)
        # A line of the source is no line of the formula.
        return " " if token in "&~" or token.isspace() else token

    def _argument(self, depth: int) -> str:
        """What a command or a raised or lowered mark takes: a group or one token."""
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        if self.at == len(self.tokens) or self.tokens[self.at] == "}":
            raise _Unreadable
        if depth > _DEEPEST:
            raise _Unreadable
        return self._said(self._next(), depth + 1)

    def _script(self, mark: str, text: str) -> str:
        """A raised or lowered text; what follows it without a space is set off, as in ``x_i y``."""
        if mark == "^" and text == "∘":
            return "°"
        return f"{mark}{_one(text, words=mark == '_')}{' ' if self._goes_on() else ''}"

    def _goes_on(self) -> bool:
        """Whether the next token is a factor, as far as that can be seen."""
        token = next((token for token in self.tokens[self.at :] if not token.isspace()), "")
        if token.startswith("\\"):
            name = token[1:].rstrip("*")
            return name.isalpha() and name not in _SILENT | _SPACES and not _symbol(name).startswith(" ")
        return token.isalnum() or token in ("{", "(")

    def _option(self) -> str:
        """What stands in square brackets here, else nothing."""
        if self.tokens[self.at : self.at + 1] != ["["] or "]" not in self.tokens[self.at :]:
            return ""
        end = self.tokens.index("]", self.at)
        words = "".join(self.tokens[self.at + 1 : end])
        self.at = end + 1
        return words

    def _command(self, name: str, depth: int) -> str:
        if name in _SPACES:
            return " "
        if name in _SILENT:
            if name in _SIZED and self.tokens[self.at : self.at + 1] == ["."]:
                self.at += 1
            return ""
        if name in _FRACTIONS:
            divides = self.at > 1 and self.tokens[self.at - 2] == "/"
            parts = f"{_one(self._argument(depth).strip(), words=True)}/{_one(self._argument(depth).strip())}"
            within = divides or self.tokens[self.at : self.at + 1] == ["^"] or self._goes_on()
            return f" ({parts})" if within else f" {parts}"
        if name in _DROPPED:
            self._option()
            self._argument(depth)
            return ""
        if marked := self._marked(name, depth):
            return marked
        # A limit stands close to its function: log_10.
        return _symbol(name).rstrip() if self.tokens[self.at : self.at + 1] in (["_"], ["^"]) else _symbol(name)

    def _marked(self, name: str, depth: int) -> str:
        """The text of a command that does something to its argument; empty for any other."""
        from docutils.utils.math.tex2unichar import mathaccent

        if name in _GROUPS:
            return self._argument(depth)
        if name == "sqrt":
            root, inner = self._option(), self._argument(depth).strip()
            return f"({inner})^(1/{root})" if root else f"√{_one(inner)}"
        if name in ("binom", "dbinom", "tbinom"):
            return f"({self._argument(depth).strip()} choose {self._argument(depth).strip()})"
        if name in ("overset", "stackrel", "underset"):
            mark, base = self._argument(depth).strip(), self._argument(depth).strip()
            return f"{base}{'_' if name == 'underset' else '^'}{_one(mark)} "
        if name == "tag":
            return f" ({self._argument(depth)})"
        if sign := _ACCENTS.get(name) or mathaccent.get(name):
            inner = self._argument(depth).strip()
            bare = [c for c in unicodedata.normalize("NFD", inner) if not unicodedata.combining(c)]
            return inner + str(sign) if len(bare) == 1 else f"{name}({inner})"
        return ""


def _one(text: str, *, words: bool = False) -> str:
    """``text`` in brackets unless it is one thing: a number, a letter with its marks and, with ``words``, letters in a row."""
    alone = (
        not text
        or re.fullmatch(r"\d+(?:\.\d+)?|[^\w\s]|\([^()]*\)", text)
        or (words and re.fullmatch(r"[\w.^]+", text))
    )
    bare = [c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)]
    one = re.fullmatch(r"[^\W\d_](?:[_^][\w.])?", "".join(bare))
    return text if alone or one else f"({text})"


def _symbol(name: str) -> str:
    from docutils.utils.math import tex2unichar as known

    if name in _FUNCTIONS:
        return f" {name} "
    if name in _OWN:
        return f" {_OWN[name]} " if name in _BINARY else _OWN[name]
    if sign := known.mathbin.get(name) or known.mathrel.get(name):
        return f" {sign} "
    for table in (known.mathalpha, known.mathord, known.mathop, known.mathopen, known.mathclose, known.mathfence):
        if sign := table.get(name):
            return str(sign)
    if len(name) == 1 and not name.isalnum():
        return name
    return str(known.mathpunct.get(name) or f"\\{name} ")
