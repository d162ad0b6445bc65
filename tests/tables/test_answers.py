from __future__ import annotations

from qeu_rag.tables.answers import asks_and_answers


def test_a_table_of_questions_and_answers() -> None:
    assert asks_and_answers("| 番号 | ご質問 | 回答 |")
    assert asks_and_answers("| Q | A |")
    assert asks_and_answers("| Customer question | Our answer | Owner |")
    assert not asks_and_answers("| 質問 | 回答期限 は いつまでに出すかを書く列で、とても長い名前である |")
    assert not asks_and_answers("| 質問 | 担当 |")
    assert not asks_and_answers("| 質問 | 回答期限 | 回答者 |")
    assert not asks_and_answers("| 回答 |")
    assert not asks_and_answers("本文")
    assert asks_and_answers("| No. | 問い合わせ内容 | 回答者 | ご回答 |")
    assert asks_and_answers("| Ａ | Ｑ |")
    assert asks_and_answers("| 質問への回答 | 質問 |")
    assert not asks_and_answers("| 質問への回答 | 担当 |")
    assert not asks_and_answers("")
