"""Plain text analysis for search: the terms by which texts and questions are found and compared.

No model and no heavy import: SudachiPy and its dictionary (0.2 s, 95 MB) are loaded when Japanese text is first met, the
English stemmer (tantivy's, 0.05 s) when an English word is.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator
from typing import Any

from qeu_rag.text.notation import HAN, JAPANESE_RUN, KANA, LAST_LONG_VOWEL, fold

ANALYZER_VERSION = "7"
"""Changes whenever the terms of any text, or how they are kept, change: an index of another version is built anew."""

_HIRAGANA_ONLY = re.compile("^[\u3041-\u3096ー]+$")


_WORD = re.compile(f"\\d+(?:\\.\\d+)+|(?:(?![{KANA}{HAN}])[^\\W_])+(?:['\u2019][A-Za-z]+)?")
_RUN = re.compile(f"(?P<japanese>{JAPANESE_RUN.pattern})|{_WORD.pattern}")
_LETTERS_THEN_DIGITS = re.compile(r"([A-Za-z]{2,})(\d{2,})")
_DIGITS_THEN_UNIT = re.compile(
    r"(?<=\d)(?=(?:km|kg|mm|cm|µm|μm|um|nm|dB|kPa|MPa|Hz|kHz|ppm|rpm|USD|EUR|JPY)(?![A-Za-z]))", re.I
)
_E_MAIL = re.compile(r"\b(e)-(?=mail)", re.I)
_INTERROGATIVES = frozenset(
    (
        "何 誰 どこ いつ どれ どちら どの どんな どう 何故 どうして 幾ら 幾 如何 何時 何分 教える 下さる 呉れる 貰う "
        "mani much pleas"
    ).split()
)
"""The words that only ask, normalised or stemmed: no document answers in them, so that they would count as missing."""
_DENIED = ("n't", "n\u2019t")

_STOP_WORDS = frozenset(
    "a about all also am an and any are as at be been being but by can could did do does doing for from had has have "
    "he her him his how i if in into is it its may me might my no nor not of on or our she should so some such than "
    "that the their them then there these they this those to us was we were what when where which who whom whose why "
    "will with would you your".split()
)
_JAPANESE_STOP_WORDS = frozenset(
    "為る 居る 有る 成る 下さる 出来る 言う 事 物 無い 良い 御座る 頂く 所 時 為 様 何".split()
)
_USUAL = {
    "なくす": "無くす",
    "なくなる": "無くなる",
    "はらう": "払う",
    "なおす": "直す",
    "はかる": "測る",
    "かぎ": "鍵",
    "ごみ": "ゴミ",
}
"""Words that Sudachi leaves in kana though their usual writing has a form of its own."""

_CONTENT = frozenset(("名詞", "動詞", "形容詞", "形状詞", "副詞", "接尾辞", "接頭辞"))
_SUDACHI_CHARACTERS = 12_000
"""Sudachi refuses over 49,149 bytes, and a character takes at most four."""


class Analyzer:
    """Cuts texts and questions into search terms, in the same way on both sides. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokenizer: Any = None
        self._stemmer: Any = None
        self._content_ids: dict[int, bool] = {}

    def bigram_terms(self, text: str) -> list[str]:
        """English words, stop words and plural endings left out, then the character pairs of every Japanese run.

        A Japanese character that stands alone is a term of its own.
        """
        folded = _E_MAIL.sub(r"\1", fold(text))
        terms = [_singular(word) for word in _english_words(folded)]
        for run in JAPANESE_RUN.findall(LAST_LONG_VOWEL.sub("", folded.lower())):
            terms.extend(run[i : i + 2] for i in range(max(1, len(run) - 1)))
        return terms

    def word_terms(self, text: str) -> list[str]:
        """English stems (Snowball), stop words left out, then Japanese content words in Sudachi's normalised form, mode A.

        Word forms stay apart in ``bigram_terms`` and fall together here: both together rank better than the first alone.
        """
        folded = _E_MAIL.sub(r"\1", fold(text))
        japanese = (_USUAL.get(word, word) for word in self._content_words(folded))
        return [*self._stems(list(_english_words(folded))), *japanese]

    def sequence(self, text: str) -> tuple[str, list[tuple[str, int, int]]]:
        """``text`` folded, and all its words in order, each in the form that its spellings share, with its place there.

        English stems and Japanese words in Sudachi's normalised form, mode A; stop words and particles too, as terms of
        several words hold them. Stop words are not stemmed ("does" is no DOE), and an acronym that reads like one (IT, US) keeps
        its capitals.
        """
        folded = _DIGITS_THEN_UNIT.sub(" ", _LETTERS_THEN_DIGITS.sub(r"\1 \2", _E_MAIL.sub(r"\1", fold(text))))
        found: list[tuple[str, int, int]] = []
        latin = []
        for match in _RUN.finditer(folded):
            if match["japanese"]:
                found.extend(self._run_words(match.group(), match.start()))
                continue
            word = match.group().partition("'")[0].partition("\u2019")[0]
            known = word.lower() in _STOP_WORDS
            if not known:
                latin.append(len(found))
            form = word if known and len(word) > 1 and word.isupper() else word.lower()
            found.append((form, match.start(), match.end()))
        for place, stem in zip(latin, self._stems([found[place][0] for place in latin]), strict=True):
            found[place] = (stem, *found[place][1:])
        return folded, found

    def _run_words(self, run: str, start: int) -> list[tuple[str, int, int]]:
        with self._lock:
            if self._tokenizer is None:
                self._tokenizer = _sudachi()
            words = []
            for part in _parts(run):
                for morpheme in self._tokenizer.tokenize(part):
                    form = LAST_LONG_VOWEL.sub("", morpheme.normalized_form().lower()).replace(" ", "")
                    words.append((_USUAL.get(form, form), start + morpheme.begin(), start + morpheme.end()))
                start += len(part)
            return words

    def _stems(self, words: list[str]) -> list[str]:
        if not words:
            return []
        with self._lock:
            if self._stemmer is None:
                self._stemmer = _snowball()
            return [str(stem) for stem in self._stemmer.analyze(" ".join(words))]

    def evidence_terms(self, text: str) -> list[str]:
        """The terms by which evidence is weighed: Japanese pairs but those of hiragana alone (grammar), and ``w:`` words.

        Both together tell answerable questions from others better than either (ja-abstain-shared: AUROC .979; pairs .969,
        words .970). English words count by their stems, or a mere ending would make them missing.
        """
        pairs = [t for t in self.bigram_terms(text) if JAPANESE_RUN.match(t) and not _HIRAGANA_ONLY.match(t)]
        return pairs + [f"w:{term}" for term in self.word_terms(text)]

    def subject(self, question: str) -> str:
        """``question`` folded, without the words that only ask (何, どこ, 教える); whole where it says nothing else."""
        folded, words = self.sequence(question)
        kept = list(folded)
        for form, start, end in words:
            if form in _INTERROGATIVES or folded[start:end].endswith(_DENIED):
                kept[start:end] = " " * (end - start)
        subject = "".join(kept)
        return subject if any(self.evidence_terms(subject)) else question

    def question_terms(self, question: str) -> list[str]:
        """The evidence terms of what a question is about, without the words that only ask."""
        return self.evidence_terms(self.subject(question))

    def _content_words(self, folded: str) -> list[str]:
        if not JAPANESE_RUN.search(folded):
            return []
        with self._lock:
            return list(self._japanese_words(folded.lower()))

    def _japanese_words(self, text: str) -> Iterator[str]:
        if self._tokenizer is None:
            self._tokenizer = _sudachi()
        for part in _parts(text):
            for morpheme in self._tokenizer.tokenize(part):
                # Words in Latin letters are taken by _english_words, and Sudachi would make ザ of "the".
                if self._is_content(morpheme) and JAPANESE_RUN.search(morpheme.surface()):
                    form = morpheme.normalized_form()
                    if form not in _JAPANESE_STOP_WORDS:
                        # A dictionary form may hold a space, which would cut the term in two.
                        yield LAST_LONG_VOWEL.sub("", form.lower()).replace(" ", "")

    def _is_content(self, morpheme: Any) -> bool:
        number = morpheme.part_of_speech_id()
        known = self._content_ids.get(number)
        if known is None:
            known = self._content_ids[number] = morpheme.part_of_speech()[0] in _CONTENT
        return known


def _sudachi() -> Any:
    """A tokenizer of its own for each analyzer, as it keeps state."""
    from sudachipy import SplitMode

    dictionary = _dictionary()
    make = getattr(dictionary, "tokenizer", None) or dictionary.create  # its name before SudachiPy 0.7
    return make(mode=SplitMode.A)


@functools.cache
def _dictionary() -> Any:
    """Sudachi's dictionary, opened once a process: it takes 0.2 s and 95 MB, and nothing changes it."""
    from sudachipy import Dictionary

    return Dictionary(dict="core")


def _snowball() -> Any:
    """The English Snowball stemmer, as tantivy brings it."""
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    return TextAnalyzerBuilder(Tokenizer.whitespace()).filter(Filter.stemmer("english")).build()


def _parts(text: str) -> Iterator[str]:
    """``text`` in pieces that Sudachi takes, cut after a sentence or line where there is one."""
    start = 0
    while len(text) - start > _SUDACHI_CHARACTERS:
        window = text[start : start + _SUDACHI_CHARACTERS]
        end = max(window.rfind("。"), window.rfind("\n")) + 1 or _SUDACHI_CHARACTERS
        yield window[:end]
        start += end
    yield text[start:]


def _english_words(folded: str) -> Iterator[str]:
    for word in _WORD.findall(_DIGITS_THEN_UNIT.sub(" ", _LETTERS_THEN_DIGITS.sub(r"\1 \2", folded))):
        word = word.partition("'")[0].partition("\u2019")[0]
        low = word.lower()
        # An acronym is no stop word: IT, US, WHO.
        if low not in _STOP_WORDS or (len(word) > 1 and word.isupper()):
            yield low


def _singular(word: str) -> str:
    """Harman's S-stemmer (1991, "How effective is suffixing?"): plural endings only."""
    if len(word) < 4 or not word.endswith("s") or not word.isascii():
        return word
    if word.endswith("ies") and word[-4] not in "ae":
        return word[:-3] + "y"
    if word.endswith("es") and word[-3] not in "aeo":
        return word[:-1]
    return word if word[-2] in "us" else word[:-1]
