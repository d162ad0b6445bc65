"""The units that figures come with: what each measures, and how large it is."""

from __future__ import annotations

import re

UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("円", "yen", "jpy"), ("yen", 1.0)),
    **dict.fromkeys(("ドル", "usd", "dollars", "dollar"), ("dollar", 1.0)),
    **dict.fromkeys(("ユーロ", "eur", "euros", "euro"), ("euro", 1.0)),
    **dict.fromkeys(("ポンド", "gbp", "pounds", "pound"), ("pound", 1.0)),
    **dict.fromkeys(("%", "percent", "パーセント"), ("share", 1.0)),
    "割": ("share", 10.0),
    "ppm": ("share", 1e-4),
    **dict.fromkeys(("μm", "um", "ミクロン", "micrometres", "microns"), ("length", 1e-3)),
    **dict.fromkeys(("mm", "ミリメートル", "ミリ", "millimetres", "millimeters"), ("length", 1.0)),
    **dict.fromkeys(("cm", "センチメートル", "センチ", "centimetres", "centimeters"), ("length", 10.0)),
    **dict.fromkeys(("m", "メートル", "metres", "meters"), ("length", 1e3)),
    **dict.fromkeys(("km", "キロメートル", "kilometres", "kilometers"), ("length", 1e6)),
    **dict.fromkeys(("mg", "ミリグラム"), ("mass", 1e-3)),
    **dict.fromkeys(("g", "グラム", "grams"), ("mass", 1.0)),
    **dict.fromkeys(("kg", "キログラム", "キロ", "kilograms"), ("mass", 1e3)),
    **dict.fromkeys(("t", "トン", "tonnes", "tons"), ("mass", 1e6)),
    **dict.fromkeys(("ml", "ミリリットル"), ("volume", 1.0)),
    **dict.fromkeys(("l", "リットル", "litres", "liters"), ("volume", 1e3)),
    **dict.fromkeys(("℃", "°c", "度", "degrees"), ("temperature", 1.0)),
    **dict.fromkeys(("db", "デシベル", "decibels"), ("level", 1.0)),
    **dict.fromkeys(("n",), ("force", 1.0)),
    **dict.fromkeys(("kn",), ("force", 1e3)),
    **dict.fromkeys(("pa",), ("pressure", 1.0)),
    **dict.fromkeys(("kpa",), ("pressure", 1e3)),
    **dict.fromkeys(("mpa",), ("pressure", 1e6)),
    **dict.fromkeys(("hz",), ("frequency", 1.0)),
    **dict.fromkeys(("khz",), ("frequency", 1e3)),
    **dict.fromkeys(("v", "ボルト", "volts"), ("voltage", 1.0)),
    **dict.fromkeys(("rpm",), ("speed", 1.0)),
    **dict.fromkeys(("gb",), ("memory", 1.0)),
    **dict.fromkeys(("mb",), ("memory", 1e-3)),
    **dict.fromkeys(("秒", "秒間", "seconds", "second", "s"), ("duration", 1 / 86400)),
    **dict.fromkeys(("分", "分間", "minutes", "minute", "min"), ("duration", 1 / 1440)),
    **dict.fromkeys(("時間", "hours", "hour", "h"), ("duration", 1 / 24)),
    **dict.fromkeys(("日", "日間", "days", "day", "calendar days"), ("duration", 1.0)),
    **dict.fromkeys(("営業日", "working days", "working day", "business days", "business day"), ("duration", 1.4)),
    **dict.fromkeys(("週間", "週", "weeks", "week"), ("duration", 7.0)),
    **dict.fromkeys(
        ("か月", "ヶ月", "ヵ月", "カ月", "ケ月", "箇月", "か月間", "ヶ月間", "months", "month"), ("duration", 30.4)
    ),
    **dict.fromkeys(("年間", "年", "か年", "years", "year"), ("duration", 365.0)),
    **dict.fromkeys(("人", "名", "people", "persons", "person", "members"), ("people", 1.0)),
    **dict.fromkeys(("回", "times"), ("times", 1.0)),
    **dict.fromkeys(("個", "pieces", "piece"), ("pieces", 1.0)),
    **dict.fromkeys(("点", "points", "point"), ("points", 1.0)),
    **dict.fromkeys(("倍",), ("fold", 1.0)),
    **{
        unit: (unit, 1.0)
        for unit in ("件", "本", "枚", "台", "部", "歳", "社", "箇所", "項目", "水準", "級", "号機", "行", "列")
    },
}
"""Each unit with what it measures and its size in that measure's own unit (days, millimetres, grams, …)."""

ROUGH = frozenset("営業日 か月 ヶ月 ヵ月 カ月 ケ月 箇月 か月間 ヶ月間 months month 年間 年 か年 years year".split()) | {
    "working days",
    "working day",
    "business days",
    "business day",
}
"""Units without one fixed length in days."""

UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
"""Any unit's name, as a pattern, the longest first."""
