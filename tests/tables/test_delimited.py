"""The delimiter of a list is found by its header, else by rows that it makes alike."""

import subprocess
import sys

import pytest

from qeu_rag.tables.delimited import records


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("番号;質問\n1;納期は,いつですか\n", [["番号", "質問"], ["1", "納期は,いつですか"]]),
        ("A\tいつですか\nB\tどこですか\n", [["A", "いつですか"], ["B", "どこですか"]]),
        ("質問\n軸,輪の納期は\n", [["質問"], ["軸,輪の納期は"]]),
        ("1,000円で足りますか\n2,000円で足りますか\n", [["1,000円で足りますか"], ["2,000円で足りますか"]]),
        ("Well, why?\nThen, how?\n", [["Well, why?"], ["Then, how?"]]),
    ],
)
def test_rows_of_a_list(text: str, rows: list[list[str]]) -> None:
    assert [row for _, row in records(text, "list.csv")] == rows


def test_a_glossary_is_read_without_llama_index() -> None:
    code = "import sys, qeu_rag.ingest.glossary; sys.exit('llama_index' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
