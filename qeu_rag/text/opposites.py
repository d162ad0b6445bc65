"""Words that set two subjects apart, in Japanese and English: domestic and abroad, at most and at least."""

from __future__ import annotations

import re

_APART = tuple(
    (re.compile(a, re.I), re.compile(b, re.I))
    for a, b in (
        ("国内", "海外|国外"),
        ("重大|重要|重度", "軽微|軽度"),
        ("正社員", "パート|契約社員|アルバイト|派遣"),
        ("平日", "休日|土日|祝日"),
        ("上限|最大|最高|以下|未満", "下限|最小|最低|以上"),
        ("社内", "社外"),
        ("新規", "既存|更新"),
        ("午前", "午後"),
        ("開始|始業", "終了|終業"),
        ("入力|入社|入庫", "出力|退社|退職|出庫"),
        ("片道", "往復"),
        ("夏", "冬"),
        ("昼", "夜"),
        ("役員|管理職|部長", "一般職|課長|主任|担当者"),
        ("大型", "小型"),
        ("domestic", "abroad|international|foreign|overseas"),
        (r"\bmajor", r"\bminor"),
        (r"full[- ]time", r"part[- ]time"),
        (r"\bweekday", r"\bweekend|\bholiday"),
        (r"\bmaximum|\bat most|\bup to|\bupper", r"\bminimum|\bat least|\blower"),
        (r"\binternal", r"\bexternal"),
        (r"\bnew\b", r"\bexisting|\bold\b"),
        (r"\bopens?\b|\bstarts?\b|\bbegins?\b", r"\bcloses?\b|\bends?\b"),
        (r"\bsummer", r"\bwinter"),
        (r"\bfirst\b", r"\bsecond\b|\blast\b"),
        (r"\bsingle\b", r"\breturn\b|\bdouble\b"),
        (r"\bmanagers?\b", r"\bengineers?\b|\bstaff\b|\bworkers?\b"),
        (r"\binput", r"\boutput"),
        (r"\babove\b|\bover\b|\bmore than\b", r"\bbelow\b|\bunder\b|\bless than\b"),
    )
)
"""Words that set two subjects apart: where one passage has only the one and the other only the other, they do not conflict."""


def set_apart(first: str, second: str) -> bool:
    """Whether one text has only the one word of a pair and the other only the other."""
    return any(
        (a.search(first) and b.search(second) and not (b.search(first) or a.search(second)))
        or (b.search(first) and a.search(second) and not (a.search(first) or b.search(second)))
        for a, b in _APART
    )
