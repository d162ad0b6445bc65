"""The toy world of the demonstration model: things of a consultancy, what is laid down for them, and documents that say so."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

LANGS = ("en", "ja")

# Each row: English name, Japanese name. An attribute also has its units. Things of one group have attributes of the same.
INSTRUMENTS = (
    ("height gauge", "ハイトゲージ"),
    ("dial gauge", "ダイヤルゲージ"),
    ("pin gauge", "ピンゲージ"),
    ("micrometer", "マイクロメータ"),
    ("caliper", "ノギス"),
    ("torque wrench", "トルクレンチ"),
    ("surface plate", "定盤"),
    ("hardness tester", "硬さ試験機"),
    ("profile projector", "投影機"),
    ("roughness tester", "粗さ計"),
    ("gauge block", "ブロックゲージ"),
    ("force gauge", "荷重計"),
    ("thermometer", "温度計"),
    ("balance", "天びん"),
)
INSTRUMENT_ATTRIBUTES = (
    ("calibration interval", "校正周期", "months", "か月"),
    ("settling time", "安定時間", "minutes", "分"),
    ("storage temperature", "保管温度", "degrees", "度"),
    ("measuring range", "測定範囲", "millimetres", "ミリ"),
    ("loan period", "貸出期間", "days", "日"),
    ("repair cost", "修理費", "euros", "ユーロ"),
    ("tolerance", "許容差", "micrometres", "ミクロン"),
)
SERVICES = (
    ("supplier audit", "供給者監査"),
    ("client visit", "顧客訪問"),
    ("training course", "研修"),
    ("design review", "設計審査"),
    ("gauge study", "測定評価"),
    ("capability study", "工程調査"),
    ("interim report", "中間報告"),
    ("final report", "最終報告"),
    ("project proposal", "提案書"),
    ("invoice", "請求書"),
    ("travel claim", "旅費精算"),
    ("complaint reply", "苦情回答"),
    ("meeting record", "議事録"),
    ("pilot experiment", "予備実験"),
)
SERVICE_ATTRIBUTES = (
    ("deadline", "期限", "days", "日"),
    ("retention period", "保存期間", "years", "年"),
    ("page limit", "頁数上限", "pages", "頁"),
    ("staff number", "担当人数", "people", "人"),
    ("standard fee", "標準料金", "euros", "ユーロ"),
    ("working time", "作業時間", "hours", "時間"),
    ("copy number", "配布部数", "copies", "部"),
)
GROUPS = ((INSTRUMENTS, INSTRUMENT_ATTRIBUTES), (SERVICES, SERVICE_ATTRIBUTES))

STATEMENTS = {
    "en": (
        "The {attribute} of the {thing} is {value} {unit}.",
        "For the {thing}, the {attribute} is {value} {unit}.",
        "We set the {attribute} of the {thing} to {value} {unit}.",
    ),
    "ja": (
        "{thing}の{attribute}は{value}{unit}とする。",
        "{thing}では、{attribute}を{value}{unit}と定める。",
        "{attribute}は、{thing}では{value}{unit}である。",
    ),
}
TITLES = {"en": ("Measuring room rules", "Service rules"), "ja": ("測定室の規則", "業務の規則")}


@dataclass(frozen=True, slots=True)
class Pair:
    """A thing and one of its attributes, in one language; ``held`` back from training or not."""

    thing: str
    attribute: str
    unit: str
    held: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """What is laid down for a pair, and the sentence that says so."""

    pair: Pair
    sentence: str


def held_back(thing: int, attribute: int) -> bool:
    """Whether the pair with these places in its group is kept from training: two of seven are."""
    return (thing + attribute) % 7 in (0, 3)


def pairs(lang: str, group: int) -> tuple[Pair, ...]:
    """All pairs of a group."""
    side = LANGS.index(lang)
    things, attributes = GROUPS[group]
    return tuple(
        Pair(thing=thing[side], attribute=attribute[side], unit=attribute[side + 2], held=held_back(t, a))
        for t, thing in enumerate(things)
        for a, attribute in enumerate(attributes)
    )


def state(pair: Pair, lang: str, value: int, form: int) -> Fact:
    """The fact that ``pair`` has ``value``, in one of the three forms."""
    words = {"thing": pair.thing, "attribute": pair.attribute, "unit": pair.unit, "value": value}
    return Fact(pair=pair, sentence=STATEMENTS[lang][form].format(**words))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def documents() -> dict[str, str]:
    """Each document of the demonstration by file name: a section a thing, with its pairs that are held back from training."""
    found: dict[str, str] = {}
    for lang in LANGS:
        for group, name in enumerate(("measuring-room", "services")):
            rng = random.Random(group)  # the same values in both languages
            parts = [f"# {TITLES[lang][group]}"]
            for thing, rows in groupby((p for p in pairs(lang, group) if p.held), key=lambda pair: pair.thing):
                sentences = [state(pair, lang, rng.randint(2, 48), rng.randrange(3)).sentence for pair in rows]
                parts += [f"## {capital(thing)}", joined(sentences, lang)]
            found[f"{name}.{lang}.md"] = "\n\n".join(parts) + "\n"
    return found


def joined(sentences: Sequence[str], lang: str) -> str:
    """Sentences as one paragraph."""
    return (" " if lang == "en" else "").join(sentences)
