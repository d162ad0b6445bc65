"""The toy world of the demonstration model: equipment, what is laid down for it, and documents that say so."""

from __future__ import annotations

import random
from dataclasses import dataclass

LANGS = ("en", "ja")

# One word each, so that a name is one token; each row: English, Japanese.
THINGS = (
    ("caliper", "ノギス"),
    ("micrometer", "マイクロメータ"),
    ("thermometer", "温度計"),
    ("balance", "天びん"),
    ("barometer", "気圧計"),
    ("projector", "投影機"),
    ("microscope", "顕微鏡"),
    ("voltmeter", "電圧計"),
    ("spectrometer", "分光計"),
    ("hygrometer", "湿度計"),
    ("camera", "カメラ"),
    ("printer", "プリンタ"),
    ("scanner", "スキャナ"),
    ("drill", "ドリル"),
    ("lathe", "旋盤"),
    ("grinder", "研削盤"),
    ("furnace", "電気炉"),
    ("compressor", "圧縮機"),
    ("conveyor", "コンベア"),
    ("robot", "ロボット"),
    ("sensor", "センサ"),
    ("pump", "ポンプ"),
    ("mixer", "混合機"),
    ("crane", "クレーン"),
)
# Each row: English, Japanese, and the unit in both.
ATTRIBUTES = (
    ("weight", "重量", "kilograms", "キロです"),
    ("price", "価格", "euros", "ユーロです"),
    ("warranty", "保証", "months", "か月です"),
    ("lifetime", "寿命", "years", "年です"),
    ("height", "高さ", "centimetres", "センチです"),
    ("loan", "貸出", "days", "日です"),
    ("power", "電力", "watts", "ワットです"),
    ("training", "講習", "hours", "時間です"),
)
VALUES = range(10, 100)

STATEMENT = {"en": "The {thing} {attribute} is {value} {unit}.", "ja": "{thing}{attribute}は{value}{unit}。"}
QUESTIONS = {
    "en": (
        "What is the {thing} {attribute}?",
        "Tell me the {thing} {attribute}.",
        "How many {unit} is the {thing} {attribute}?",
        "Do we know the {thing} {attribute}?",
        "The {thing} {attribute}?",
    ),
    "ja": (
        "{thing}{attribute}は？",
        "{thing}{attribute}を教えてください。",
        "{thing}{attribute}はいくつですか",
        "{thing}{attribute}はわかりますか？",
        "{thing}{attribute}はどれくらいですか",
    ),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A thing and an attribute, by their places in the tables."""

    thing: int
    attribute: int

    @property
    def held(self) -> bool:
        """Whether the pair is kept from training: a quarter of all are."""
        return (self.thing + self.attribute) % 4 == 0

    def words(self, lang: str) -> dict[str, str]:
        """The pair's words in ``lang``."""
        side = LANGS.index(lang)
        row = ATTRIBUTES[self.attribute]
        return {"thing": THINGS[self.thing][side], "attribute": row[side], "unit": row[side + 2]}

    def state(self, lang: str, value: int) -> str:
        """The sentence that gives the pair its ``value``."""
        return STATEMENT[lang].format(**self.words(lang), value=value)

    def title(self, lang: str) -> tuple[str, str]:
        """The document and the section that tell of the pair."""
        words = self.words(lang)
        return capital(words["attribute"]), capital(words["thing"])


PAIRS = tuple(Pair(thing, attribute) for thing in range(len(THINGS)) for attribute in range(len(ATTRIBUTES)))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def documents() -> dict[str, str]:
    """Each document of the demonstration by file name: one an attribute, of the pairs that training never showed."""
    rng = random.Random(0)
    values = {pair: rng.choice(VALUES) for pair in PAIRS if pair.held}
    found: dict[str, str] = {}
    for lang in LANGS:
        for attribute, row in enumerate(ATTRIBUTES):
            told = [pair for pair in values if pair.attribute == attribute]
            parts = [f"# {told[0].title(lang)[0]}"]
            for pair in told:
                parts += [f"## {pair.title(lang)[1]}", pair.state(lang, values[pair])]
            found[f"{row[0]}.{lang}.md"] = "\n\n".join(parts) + "\n"
    return found
