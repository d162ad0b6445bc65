"""Equations of Word files as readable text on one line."""

from __future__ import annotations

import pytest
from lxml import etree

from qeu_rag.ingest.readers.typeset.equation import linear

SPACES = (
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
)


def e(inner: str, name: str = "e") -> str:
    return f"<m:{name}>{r(inner) if inner and not inner.startswith('<') else inner}</m:{name}>"


def r(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def of(kind: str, *parts: str, **properties: str) -> str:
    values = "".join(f'<m:{name} m:val="{value}"/>' for name, value in properties.items())
    return f"<m:{kind}><m:{kind}Pr>{values}</m:{kind}Pr>{''.join(parts)}</m:{kind}>"


def frac(top: str, bottom: str, **properties: str) -> str:
    return of("f", e(top, "num"), e(bottom, "den"), **properties)


def power(base: str, upper: str) -> str:
    return of("sSup", e(base), e(upper, "sup"))


def index(base: str, lower: str) -> str:
    return of("sSub", e(base), e(lower, "sub"))


def brackets(*inner: str, **properties: str) -> str:
    return of("d", *(e(one) for one in inner), **properties)


SQUARE_SUM = of("nary", e("i=1", "sub"), e("n", "sup"), e(of("sSubSup", e("y"), e("i", "sub"), e("2", "sup"))), chr="∑")


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        (r("η=-10") + of("func", e("log", "fName"), e(brackets(frac("1", "n") + SQUARE_SUM))), "η=-10 log(1/n ∑_{i=1}^n y_i^2)"),
        (r("L=k") + power(brackets("y-m"), "2"), "L=k(y-m)^2"),
        (brackets("y-m", begChr="|", endChr="|") + r("≤Δ"), "|y-m|≤Δ"),
        (of("acc", e("x"), chr="\u0305"), "x\u0304"),
        (of("acc", e("y")), "y\u0302"),
        (of("acc", e("AB"), chr="\u20d7"), "vec(AB)"),
        (of("bar", e("x"), pos="top"), "x\u0304"),
        (of("bar", e("x+y"), pos="top"), "bar(x+y)"),
        (of("bar", e("x")), "x\u0332"),
        (frac("a+b", "2n"), "(a+b)/(2n)"),
        (frac("良品数", "生産数"), "良品数/生産数"),
        (r("2") + frac("1", "3"), "2 1/3"),
        (frac("1", "3") + r("x"), "1/3 x"),
        (brackets(frac("n", "k", type="noBar")), "(n choose k)"),
        (power("10", "-4"), "10^-4"),
        (power("x", "n+1") + r("y"), "x^{n+1} y"),
        (index("S", "誤差"), "S_{誤差}"),
        (of("sPre", e("a", "sub"), e("b", "sup"), e("X")), "_a^b X".replace(" ", "")),
        (of("rad", e("", "deg"), e("x+1"), degHide="1"), "√(x+1)"),
        (of("rad", e("3", "deg"), e("x")), "³√x"),
        (of("rad", e("m", "deg"), e("x")), "root[m](x)"),
        (of("nary", e("0", "sub"), e("1", "sup"), e("x")) + r("dx"), "∫_0^1 x dx"),
        (of("nary", e("", "sub"), e("", "sup"), e("x"), chr="∏"), "∏ x"),
        (of("func", e("sin", "fName"), e("θ")), "sin θ"),
        (of("func", e("cos", "fName"), e(frac("a", "L"))), "cos(a/L)"),
        (of("func", e(of("limLow", e("lim"), e("n→∞", "lim")), "fName"), e(index("a", "n"))), "lim_{n→∞} a_n"),
        (of("limUpp", e("x"), e("def", "lim")), "x^{def}"),
        (brackets("a", "b", begChr="[", endChr="]", sepChr=","), "[a,b]"),
        (brackets(of("eqArr", e("x&amp;=1"), e("y&amp;=2")), begChr="{", endChr=""), "{x=1; y=2"),
        (of("m", f"<m:mr>{e('a')}{e('b')}</m:mr>", f"<m:mr>{e('c')}{e('d')}</m:mr>"), "[a, b; c, d]"),
        (of("groupChr", e("a+b"), chr="⏟"), "a+b"),
        (of("borderBox", e("x")), "x"),
        (of("borderBox", e("x"), strikeBLTR="1"), "cancel(x)"),
        (of("phant", e("x"), show="0") + r("y"), "y"),
        (of("box", e("x")) + "<w:del>" + r("z") + "</w:del><w:ins>" + r("y") + "</w:ins>", "xy"),
        (r("\U0001d465") + r("sin\u2061") + r("\U0001d703"), "xsin θ"),
        (power(frac("a", "b"), "2"), "(a/b)^2"),
    ],
)  # fmt: skip
def test_an_equation_keeps_its_signs(parts: str, shown: str) -> None:
    assert linear(etree.fromstring(f"<m:oMath {SPACES}>{parts}</m:oMath>")) == shown


def test_several_equations_are_several_lines_and_runs_may_be_left_out() -> None:
    both = etree.fromstring(
        f"<m:oMathPara {SPACES}><m:oMath>{r('a=1')}</m:oMath><m:oMath>{r('b=2')}</m:oMath></m:oMathPara>"
    )
    assert linear(both) == "a=1\nb=2"
    assert linear(both, lambda run: "") == ""
