"""Recognises the columns of a gold set by their English and Japanese names, and reads what people write into them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence

from qeu_rag.tables.columns import Header, find_header, folded

DOCUMENT = "gold_document"
_NAMES: Mapping[str, tuple[str, ...]] = {
    DOCUMENT: tuple(
        "gold_document document source_document source file file_name filename 正解文書 正解の文書 正解ドキュメント 正解ファイル "
        "文書 文書名 出典 出典文書 根拠文書 参照文書 該当文書 資料 資料名 ドキュメント ファイル ファイル名".split()
    ),
    "gold_passage": tuple(
        "gold_passage passage quote evidence 正解箇所 正解の箇所 正解文 該当箇所 根拠箇所 該当文 根拠 引用 引用文 抜粋".split()
    ),
    "expected_answer": tuple(
        "expected_answer gold_answer model_answer answer 回答例 模範解答 模範回答 想定回答 期待回答 期待する回答 正解 正答 回答 "
        "解答 答え".split()
    ),
    "answerable": tuple(
        "answerable can_be_answered 回答できる 回答可否 回答の可否 回答可能 回答可 回答できるか 答えられる 答えられるか 回答有無 "
        "回答の有無 答えの有無".split()
    ),
    "id": tuple("id question_id no number 質問id 質問番号 管理番号 番号 通番 連番 通し番号".split()),
    "lang": tuple("lang language 言語".split()),
    "kind": tuple("kind type category 種類 種別 区分 分類 カテゴリ カテゴリー".split()),
}
"""Each column but the questions' own, with its names folded, the plainest first."""

_YES = frozenset(
    "yes y true t 1 はい 可 可能 回答可 回答可能 ○ 〇 ◯ ◎ ✓ ✔ ☑ ok 有 有り あり できる 回答できる 答えられる 真".split()
)
_NO = frozenset(
    "no n false f 0 いいえ 不可 不可能 回答不可 回答不可能 × ✕ ✖ ✗ ✘ ☒ ng 無 無し なし できない 回答できない "
    "答えられない 偽".split()
)
_LANGUAGES = {
    **dict.fromkeys(("ja", "jp", "jpn", "japanese", "日本語", "和文", "日"), "ja"),
    **dict.fromkeys(("en", "eng", "english", "英語", "英文", "英"), "en"),
}
_PARTS = re.compile(r"[\n;；|｜、]")


def places(rows: Sequence[Sequence[str]]) -> tuple[Header | None, dict[str, int]]:
    """The header among the first rows and the place of each column that it names: ``question`` and those of a gold set.

    No header where no row names a column of questions (``lists.columns.find_header``).
    """
    header = find_header(rows)
    if header is None:
        return None, {}
    found = {"question": header.question}
    names = [folded(name).replace(" ", "_") for name in header.names]
    for column, known in _NAMES.items():
        free = (names.index(name) for name in known if name in names)
        at = next((place for place in free if place not in found.values()), None)
        if at is not None:
            found[column] = at
    return header, found


def truth(text: str) -> bool | None:
    """Whether a cell says yes; an empty one does, and None is for what says neither yes nor no."""
    word = folded(text)
    if word in _YES or not text.strip():
        return True
    return False if word in _NO else None


def language(text: str) -> str:
    """A cell's language as ``ja`` or ``en``; another one as it is written."""
    return _LANGUAGES.get(folded(text), text.strip())


class Documents:
    """The documents of a collection, found by their names as people write them: width, case and slashes make no difference."""

    def __init__(self, names: Collection[str]) -> None:
        """``names`` as ``qeu-rag documents`` shows them."""
        self._exact = frozenset(names)
        self._known: dict[str, str] = {}
        ends: dict[str, set[str]] = {}
        for name in sorted(names):
            self._known[_flat(name)] = name
            ends.setdefault(_flat(name).rsplit("/", 1)[-1], set()).add(name)
        # A file's own name will do where no other folder has such a file.
        self._known = {end: next(iter(own)) for end, own in ends.items() if len(own) == 1} | self._known
        self._known.pop("", None)

    def find(self, cell: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The documents that a cell names, parted by line breaks, semicolons or bars where several; and names that are none."""
        if whole := self._named(cell):
            return (whole,), ()
        parts = [part.strip() for part in _PARTS.split(cell) if part.strip()]
        found = [self._named(part) for part in parts]
        return (
            tuple(dict.fromkeys(name for name in found if name)),
            tuple(part for part, name in zip(parts, found, strict=True) if not name),
        )

    def _named(self, name: str) -> str | None:
        return name if name in self._exact else self._known.get(_flat(name))


def _flat(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold().replace("\\", "/")
    return " ".join(plain.split()).removeprefix("./")
