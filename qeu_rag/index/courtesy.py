"""The greetings, thanks and self-introductions around a question: no document has them, and they are not what is asked."""

from __future__ import annotations

import re

_COURTESY = re.compile(
    r"(?:いつも|大変)?お世話になっ(?:ており|てい|てお)?(?:ます|ました)[。、]?|お手数(?:です|ではございます|をお?かけしますが)?が?、?"
    r"|(?:突然のご連絡で?|夜分に?)?(?:恐れ入り|おそれいり|失礼いたし|失礼し|申し訳(?:ござい|あり))ます?(?:ません)?が?[。、]?"
    r"|お忙しいところ|すみません(?:が|けど)?[、。]?|(?:はじめ|初め)まして[。、]?|お疲れ(?:様|さま)です[。、]?"
    # Who asks, and about what matter before; a sentence that has a subject or an object of its own tells more.
    r"|^[^。、?!？！\nはがをに\d]{1,20}(?:と申します|です)[。、](?=.{6})"
    r"|(?:先日|先ほど|先程|以前|昨日)[^。、]{0,15}(?:件|こと)(?:です|なの)?(?:が|けど|で)、"
    r"|(?:可能でしたら|可能であれば|差し支えなければ|できれば|ちなみに)、?|(?:どうぞ)?(?:宜しく|よろしく)?お?願い(?:いた)?し?ます[。]?"
    r"|(?:を|も)?(?:ご教示|ご教授|お教え|お知らせ|ご連絡|お聞かせ)?(?:いただけ|頂け)(?:れ|る|ます|ません|ない|まし)?(?:ば|と|でしょう)?"
    r"(?:か|幸い(?:です|に存じます)|助かります|ありがたいです|嬉しいです)?[。]?"
    r"|(?:を|も)?(?:ご教示|お教え|お知らせ|ご連絡)(?:ください|下さい)(?:ませ)?|(?:ください|下さい)(?:ませ)?"
    r"|^(?:hi|hello|hey|dear|good (?:morning|afternoon|evening))\b[^,.!?\n]{0,25}[,.!]\s*"
    r"|\b(?:sorry to bother you|i hope (?:this|you)[^,.!?]{0,40}[,.!]|thank(?:s| you)(?: very much| so much)?(?: in advance)?"
    r"|many thanks|(?:just )?(?:a )?quick question|i (?:was|am) wondering (?:if|whether)?"
    r"|(?:could|can|would) you (?:please |kindly )?(?:tell|let) me(?: know)?|i(?:'d| would) like to know"
    r"|do you (?:happen to )?know)\b[,.:!]?",
    re.I,
)


def without_courtesy(question: str) -> str:
    """``question`` (NFKC) without what is said around it for politeness."""
    return _COURTESY.sub(" ", question)
