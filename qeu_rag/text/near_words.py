"""Plain words that say the same in rules and handbooks, and words too light to count, in Japanese and English.

Words are in the form that ``Analyzer.evidence_terms`` gives after ``w:``: English stems, Sudachi's normalised Japanese.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from qeu_rag.text.values import folded, values

_SAME = """
expir laps|return back hand|buy purchas|staff employe worker personnel|compani firm employ
allow permit may can possibl|begin start commenc|end finish complet conclud|get receiv obtain
need requir necessari must|fee charg cost price pay|ask request appli applic
approv approv consent permiss agre agreement permit|child children kid|photo photograph pictur|use employ util
show display|help assist support|keep retain store kept|check inspect verifi examin confirm|repair fix mend|car vehicl
phone telephon call|email mail e-mail|yearli annual year|monthli month|daili day|weekli week|fall lie be
conduct perform carri out do run made make hold held|choos select pick|big larg|quick fast prompt rapid
inform notifi notic notif tell told report|give given provid offer grant|send sent submit|stop end ceas
free cost charg|person peopl anyon everyon|late delay|refund reimburs repaid repay back|sick ill
holiday vacat leav off|boss manag supervisor|write written|speak spoken oral verbal|cannot can|deadlin due
maximum limit most up|minimum least|cover paid pay|lost lose loss|broken break|done complet|kept keep|taken take took
chosen choos|sold sell|meet met|hour h|zero no none|centr center centring
払う 支払う 支給 支払い 支払 支払日 出る 支払われる|購入 買う 買い上げる|要る 必要 要す|行う 実施 する 為る 行なう
料金 費用 代金 代 掛かる|期限 締め切り 締切り 期日 迄|届ける 届け出る 届出 届け|提出 出す
申請 申し込む 申込 申し込み 申込み|承認 許可 同意 認める 承諾 了承|社員 従業員 職員|車 自動車 乗用車|電車 鉄道
連絡 知らせる 通知 伝える 報告 報せる|上限 限度 最大 最高|下限 最小 最低|休日 休み|開始 始める 始まる
終了 終わる 終える 済む|返却 返す 返る|保管 保存 残す 取る|破棄 廃棄 捨てる 消す 削除|確認 調べる 検査 確かめる
使用 使う 利用 用いる|貸与 貸す 貸し出す|得る 貰う 受ける 取る 受け取る|答える 返答 回答 返事
尋ねる 質問 聞く 問い合わせる|早まる 繰り上げる 早める|重なる 当たる ぶつかる|遅れる 遅い 遅延|作る 作成
決める 定める 決定|変える 変更|増やす 増額 上げる 増える|減らす 減額 下げる 減る
取り消す 取消 取り消し キャンセル 解約|無料 只 無償|有料 有償|値引き 割引|掛け直す 折り返す|電話 架電|帰属 有る 属す
書面 文書 紙|口頭 口|午後 夕方|毎年 年|毎月 月|会議 打ち合わせ|人 者 方 名|本 書籍 図書|撮る 写す 撮影|写真 画像
直ぐ 直ちに 即時|多い 多め|見做す 扱う|選ぶ 選択
"""

_COUNTED = re.compile(r"^[^\s-]+[\s-]?")
_NEAR: dict[str, frozenset[str]] = {}

LIGHT = frozenset(
    """
    be case kind type matter go get give take make do thing item due appli amount total time person place follow
    state concern relat like way one someth someon have put set itself own accord upon per via whether also no not
    yes onli same so howev must may can need requir allow possibl then first all everi ani each alway more less
    than none onc gone went want wish still just well out off away up into onto because unless without befor after
    until within least most about ms mr mrs dr there here whose する 為る 成る 行う 場合 時 こと 事 事実 もの 物
    者 方 人 为 其れ 此れ 此方 其の 此の 其処 因る 対する 関する つく 付く 就く 置く 居る 有る 無い 出来る 良い
    構わない 構う 必要 要る 不要 分 内 内に 以内 以上 以下 迄 前 後 限る だけ のみ 全て 必ず 常に 為 様 形 点 中
    際 其々 所 上 下 等 など 及び 又 又は 或いは 且つ 但し 可能 認める 含む はい いいえ いえ ええ ない 可 決まる
    従う 基づく 当たり 行く 定める 直接 区分 通り ため 頂く 為す 下さる お 御 事柄 状態 月額 年 月 日 回 個 円 一
    二 三 四 五 六 七 八 九 十 百 千 万 目 毎 先ず 其の後 次 最初 直ぐ 翌 当 同 各 約 約す 程度 位 半 割
    """.split()
)
"""Words that say nothing of their own, and those that are compared by themselves (modality, qualifiers, figures)."""


def near(word: str) -> frozenset[str]:
    """The words that say the same as ``word``, itself among them."""
    if not _NEAR:
        for group in _SAME.replace("\n", "|").split("|"):
            members = frozenset(group.split())
            for member in members:
                _NEAR[member] = _NEAR.get(member, frozenset()) | members
    return _NEAR.get(word, frozenset((word,)))


class ContentWords:
    """The words that carry what a text says, in one form. ``analyze`` gives a text's terms (``Analyzer.evidence_terms``)."""

    def __init__(self, analyze: Callable[[str], Iterable[str]]) -> None:
        self._analyze = analyze
        self._known: dict[str, frozenset[str]] = {}

    def of(self, text: str) -> frozenset[str]:
        """The words of ``text`` without figures and light words."""
        if text not in self._known:
            words = (term[2:] for term in self._analyze(_without_figures(text)) if term.startswith("w:"))
            self._known[text] = frozenset(word for word in words if word not in LIGHT and not word.isdigit())
        return self._known[text]

    def near(self, text: str) -> frozenset[str]:
        """The words of ``text`` and those that say the same."""
        return frozenset().union(*map(near, self.of(text)))

    def every(self, text: str) -> frozenset[str]:
        """All terms of ``text``, light ones and figures too."""
        return frozenset(self._analyze(text))


def _without_figures(text: str) -> str:
    plain = folded(text)
    for value in reversed(values(plain)):
        # What is counted is a word like any other.
        noun = _COUNTED.sub("", value.words) if value.measure.startswith("counted") else ""
        plain = f"{plain[: value.start]} {noun} {plain[value.end :]}"
    return plain
