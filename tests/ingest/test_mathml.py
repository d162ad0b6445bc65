"""MathML as a line that a person can read."""

from collections import Counter

import pytest
from bs4 import BeautifulSoup

from qeu_rag.ingest.readers.typeset.mathml import linear


def read(body: str) -> str:
    math = BeautifulSoup(f"<math>{body}</math>", "lxml").math
    assert math is not None
    return linear(math)


X_I = "<msub><mi>x</mi><mi>i</mi></msub>"
SUM = f"<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>{X_I}"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<msup><mn>10</mn><mn>6</mn></msup>", "10⁶"),
        ("<mn>5</mn><mo>&times;</mo><msup><mn>10</mn><mrow><mo>−</mo><mn>4</mn></mrow></msup>", "5×10⁻⁴"),
        ("<msup><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></msup>", "(a+b)²"),
        ("<msup><mi>e</mi><mrow><mo>-</mo><mi>k</mi><mi>t</mi></mrow></msup>", "e^(-kt)"),
        ("<mi>y</mi><mo>=</mo><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mrow><mn>2</mn><mi>c</mi></mrow></mfrac>", "y = (a+b)/(2c)"),  # noqa: E501
        ("<mfrac><mn>1</mn><mi>n</mi></mfrac><mi>x</mi>", "(1/n)x"),
        ("<mn>2</mn><mfrac><mn>3</mn><mn>4</mn></mfrac>", "2 3/4"),
        ('<mfrac linethickness="0"><mi>n</mi><mi>k</mi></mfrac>', "(n choose k)"),
        ("<msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt>", "√(x+1)"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", "(x)^(1/3)"),
        (SUM, "∑_(i=1)^n x_i"),
        ("<msubsup><mo>∫</mo><mn>0</mn><mi>T</mi></msubsup><mi>f</mi>", "∫_0^T f"),
        ("<munder><mi>lim</mi><mrow><mi>x</mi><mo>→</mo><mn>0</mn></mrow></munder><mi>f</mi>", "lim_(x→0) f"),
        ("<msubsup><mi>σ</mi><mi>m</mi><mn>2</mn></msubsup>", "σ_m²"),
        ("<mover><mi>x</mi><mo>¯</mo></mover>", "x̄"),
        ("<mover><mrow><mi>A</mi><mi>B</mi></mrow><mo>‾</mo></mover>", "overline(AB)"),
        ("<mover><mi>y</mi><mo>^</mo></mover>", "ŷ"),
        ("<mo>(</mo><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn></mtd><mtd><mn>4</mn></mtd></mtr></mtable><mo>)</mo>", "(1, 2; 3, 4)"),  # noqa: E501
        ("<mtable><mtr><mtd><mi>y</mi></mtd><mtd><mo>=</mo><mi>a</mi></mtd></mtr><mtr><mtd></mtd><mtd><mo>=</mo><mi>b</mi></mtd></mtr></mtable>", "y=a; =b"),  # noqa: E501
        ('<mfenced open="[" close="]"><mi>a</mi><mi>b</mi></mfenced>', "[a, b]"),
        ("<mmultiscripts><mi>C</mi><mprescripts/><mn>6</mn><mn>14</mn></mmultiscripts>", "¹⁴₆C"),
        ("<msup><mn>25</mn><mo>∘</mo></msup><mi>C</mi>", "25°C"),
        ("<mn>10</mn><msub><mi>log</mi><mn>10</mn></msub><mi>x</mi>", "10 log_10 x"),
        ("<mi>sin</mi><mi>x</mi>", "sin x"),
        ("<mi>a</mi><mphantom><mi>b</mi></mphantom><mtext>合計</mtext>", "a 合計"),
        ("<maction selection='2'><mi>a</mi><mi>b</mi></maction>", "b"),
        ("<semantics><mrow/><annotation encoding='application/x-tex'>\\frac{a}{b}</annotation></semantics>", "a/b"),
        ("<semantics><mi>x</mi><annotation encoding='application/x-tex'>x</annotation></semantics>", "x"),
        ("<mrow>" * 500 + "<mi>x</mi>", "x"),
    ],
)  # fmt: skip
def test_formulas_as_lines(body: str, said: str) -> None:
    assert read(body) == said


def test_what_is_struck_out_is_counted() -> None:
    math = BeautifulSoup(
        '<math><menclose notation="updiagonalstrike"><mn>5</mn></menclose><mn>6</mn></math>', "lxml"
    ).math
    assert math is not None
    gone: Counter[str] = Counter()
    assert linear(math, gone) == "6"
    assert gone == {"struck": 1}
