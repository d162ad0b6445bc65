"""What kind of thing a question asks for (money, a time, a count, a person), and whether a text holds one."""

from __future__ import annotations

import re

from qeu_rag.index.notation import fold

_KINDS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(asks, re.I), re.compile(holds, re.I))
    for asks, holds in (
        (  # money
            r"いくら(?!か)|料金|費用は|価格は|単価は|金額は|何円"
            r"|\bhow much (?:does|do|is|are|will|did|money|can i (?:spend|claim))\b"
            r"|\b(?:what|which) (?:is|are|does) [^?]{0,40}\b(?:price|fee|cost|charge|rate|allowance)s?\b|\bcost of\b",
            r"[円¥￥$€£]|ドル|ユーロ|ポンド|無料|無償|有償|負担|支給|実費|\d\s?[%％割]|percent|\|\s*[\d,.]{3,}\s*\|"
            r"|\b(?:yen|euros?|dollars?|pounds?|JPY|USD|EUR|GBP|SGD|free|gratis|nothing|paid by|at cost)\b",
        ),
        (  # a time, or how long
            r"いつ(?!も|でも)|何(?:時|日|曜|週|か月|ヶ月|カ月|月|年)|どの(?:くらい|ぐらい|ほど)の期間|期限は|納期は|締め?切り?は|頻度"
            r"|\bwhen\b(?! (?:i|we|you|the|a|an|it|they|he|she)\b)|\bhow (?:long|soon|often|fast|quickly|early|late)\b"
            r"|\bwhat (?:time|date|day|year|month)\b|\bdeadline\b"
            r"|\bhow many (?:\w+ )?(?:minutes|hours|days|weeks|months|years)\b",
            r"\d|[一二三四五六七八九十百][日月年時分週世回]|毎|曜|世紀|時代|翌|当日|同日|直ちに|すぐ|即|随時|年末|月末|年度|[春夏秋冬朝夕晩][にのか]|定期"
            r"|\b(?:\w+days?|hours?|minutes?|weeks?|months?|years?|daily|weekly|monthly|yearly|annual\w*|once|twice"
            r"|immediate\w*|always|never|until|before|after|during|as soon as|at once|century|noon|midnight|January|February"
            r"|April|June|July|August|September|October|November|December)\b",
        ),
        (  # a count or a measure
            r"いくつ|何(?:人|名|個|件|枚|本|台|回|冊|社|点|箱|度|倍|[%％]|パーセント|キロ|グラム|メートル|ミリ)|どの(?:くらい|ぐらい|ほど)|どれ(?:くらい|ぐらい|ほど|だけ)"
            r"|\bhow (?:many|big|large|heavy|high|far|hot|old|tall|deep|wide|thick)\b|\bpercentage\b|\bwhat number\b",
            r"[\d割半]|[一二三四五六七八九十百千万][^々]|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?"
            r"|thousands?|millions?|no|none|all|every|each|both|half|third|quarter|single|pairs?)\b",
        ),
        (  # a person, or who it is by role
            r"誰|だれ|どなた|担当者?は|^who\b|\bwhom\b"
            r"|\bwho (?:is|are|was|must|may|can|should|has|does|do|signs?|approves?|decides?|pays?)\b",
            r"[長員者役師士主課部室係局署社氏]|さん|担当|上司|リーダー|マネ|本人|全員|[ァ-ヶー]{2,}|\b[A-Z][\w.'-]+|\b(?:i|we|you|he|she|they|manager|head|leader"
            r"|director|officers?|team|department|desk|supervisor|partner|engineers?|staff|owner|clerk|everyone|everybody|anyone|anybody"
            r"|nobody|employees?|consultants?|visitors?|client|customer|president|king|queen)\b",
        ),
    )
)


def holds_kind(question: str, text: str) -> bool:
    """Whether ``text`` holds a thing of every kind that ``question`` asks for; true where it asks for none of these."""
    asked, said = fold(question), fold(text)
    return all(holds.search(said) for asks, holds in _KINDS if asks.search(asked))
