"""The encoding of a text is guessed right for Japanese, Chinese, Korean and western texts of a few lines."""

import pytest

from qeu_rag.errors import ReadError
from qeu_rag.text.encoding import decode

TEXTS = {
    "cp932": "設備は三か月ごとに点検する。", "euc_jp": "返品は十四日以内とする。", "cp1252": "Débit 3 m³/h à 80 °C, “vu” – 5 µm",
    "gb18030": "设备每三个月检查一次，温度不得超过八十度。退货期限为十四天，运费由本公司承担。",
    "big5": "設備每三個月檢查一次，溫度不得超過八十度。退貨期限為十四天，運費由本公司承擔。",
    "euc_kr": "설비는 삼 개월마다 점검하고 온도는 팔십 도를 넘지 않아야 한다. 반품 기한은 십사일이다.",
    "cp1251": "Оборудование проверяется каждые три месяца, температура не выше 80 градусов.",
}  # fmt: skip


@pytest.mark.parametrize("encoding", TEXTS)
def test_each_encoding_is_guessed(encoding: str) -> None:
    assert decode(TEXTS[encoding].encode(encoding))[0] == TEXTS[encoding]


@pytest.mark.parametrize(
    "words", ["先頭", "品番,数量,単価,納期", "効果 絶対値 毎年 対応 補足 前者 新人 実行 検査", "品名：歯車"]
)
@pytest.mark.parametrize("encoding", ["cp932", "euc_jp"])
def test_words_of_kanji_alone_are_japanese(words: str, encoding: str) -> None:
    assert decode(words.encode(encoding))[0] == words


def test_a_few_bytes_that_no_encoding_explains_are_told() -> None:
    with pytest.raises(ReadError):
        decode("Срок возврата".encode("cp1251"))
