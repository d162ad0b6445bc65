"""reStructuredText as Sphinx handbooks have it: what a reader of the page sees is kept, and nothing else is opened or raised."""

from __future__ import annotations

import builtins
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qeu_rag.errors import ReadError
from qeu_rag.ingest.read import parse
from qeu_rag.ingest.readers.markup.tex import readable
from qeu_rag.ingest.readers.rst.reader import read_rst


def text_of(rst: str) -> str:
    return read_rst(rst).markdown


HANDBOOK = """\
:orphan:
:Date: 2024-03-01

.. _monitoring:

======================
Monitoring of a boiler
======================

.. index::
   pair: boiler; monitoring
.. youtube:: https://www.youtube.com/watch?v=abc

The limits of the :index:`boiler <single: boiler>` are those of :ref:`the gauge <gauge-limits>`, see :ref:`gauge-limits`,
:doc:`/handbook/valves`, `the maker <https://example.com>`_ and ``LIM-3``. [#first]_

.. A comment that no reader sees: 99 bar.

.. _gauge-limits:

Limits of the gauge
===================

.. warning:: Never open the valve
   above 3 bar.

.. deprecated:: 2.1
   Use the *new* gauge.

.. figure:: gauge.png
   :width: 300px
   :alt: fake

   The gauge as it hangs in hall 2.

Old gauges
----------

.. list-table:: Limits by hall
   :header-rows: 1
   :widths: 10 20

   * - Hall
     - Limit
   * - 1
     - 2.5 bar
   * - 2
     - 3.0 bar

Notes
=====

.. [#first] As of the last audit.
"""


def test_a_handbook_is_read_with_headings_tables_and_the_words_of_links(tmp_path: Path) -> None:
    path = tmp_path / "boiler.rst"
    path.write_text(HANDBOOK, encoding="utf-8")
    (document,) = parse(path, "boiler.rst").documents
    assert document.title == "Monitoring of a boiler"
    assert [(heading.level, heading.text) for heading in document.headings] == [
        (1, "Monitoring of a boiler"),
        (2, "Limits of the gauge"),
        (3, "Old gauges"),
        (2, "Notes"),
    ]
    assert document.text == (
        "Date: 2024-03-01\n\n# Monitoring of a boiler\n\n"
        "The limits of the boiler are those of the gauge, see Limits of the gauge, /handbook/valves, the maker and `LIM-3`."
        " (note: As of the last audit)\n\n## Limits of the gauge\n\nWarning: Never open the valve above 3 bar.\n\n"
        "Deprecated since version 2.1: Use the new gauge.\n\nThe gauge as it hangs in hall 2.\n\n### Old gauges\n\n"
        "Limits by hall\n\n| Hall | Limit |\n| --- | --- |\n| 1 | 2.5 bar |\n| 2 | 3.0 bar |\n\n## Notes"
    )


def test_japanese_lines_are_joined_without_spaces_and_notes_are_named_in_japanese(tmp_path: Path) -> None:
    path = tmp_path / "henkan.rst"
    path.write_bytes(
        "点検の手順\n==========\n\n.. note:: 弁は三人で\n   開ける。\n\n圧力は\n3 bar以下とする。\n".encode("cp932")
    )
    parsed = parse(path, "henkan.rst")
    assert parsed.documents[0].text == "# 点検の手順\n\n注：弁は三人で開ける。\n\n圧力は 3 bar以下とする。"
    assert [note.key for note in parsed.notes] == ["encoding"]


@pytest.mark.parametrize(
    ("rst", "markdown"),
    [
        (
            "+---+---+\n| a | b |\n+===+===+\n| x | 1 |\n+   +---+\n|   | 2 |\n+---+---+",
            "| a | b |\n| --- | --- |\n| x | 1 |\n| x | 2 |",
        ),
        ("=== ===\n a   b\n=== ===\n 1   2\n=== ===", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        (
            '.. csv-table:: Rates\n   :header: "Grade", "Rate"\n   :unheard-of: x\n\n   "A", "3,000"',
            "Rates\n\n| Grade | Rate |\n| --- | --- |\n| A | 3,000 |",
        ),
        ("bolt : part\n   Holds the flange.", "bolt : part\n  Holds the flange."),
        ("(c) third\n(d) fourth", "- (c) third\n- (d) fourth"),
        ("#. one\n#. two\n\n   * inner", "1. one\n2. two\n   - inner"),
        ("-a, --all=X  All of it.", "`-a, --all=X`\n  All of it."),
        ("| first\n|   second", "first\nsecond"),
        (".. code-block:: python\n   :linenos:\n\n   # no heading\n   x = 1", "```python\n# no heading\nx = 1\n```"),
        (".. math::\n   :label: eq1\n\n   a &= \\frac{b}{c+1} \\\\\n   d &= e", "a = b/(c+1)\nd = e (eq1)"),
        (".. only:: html\n\n   Kept.", "Kept."),
        (".. raw:: html\n\n   <p>Kept <b>too</b>.</p><iframe src='x'></iframe>", "Kept too."),
        (".. raw:: latex\n\n   \\newpage", ""),
        (".. toctree::\n   :maxdepth: 2\n\n   intro\n   usage", ""),
        (".. include:: /etc/hostname", ""),
        (".. rubric:: Example\n\nText.", "# Example\n\nText."),
        (".. admonition:: By the way\n\n   Text.", "By the way\n\nText."),
        (
            ".. req:: Torque of the bolts\n   :id: REQ_12\n\n   It is 25 Nm.",
            "Torque of the bolts\n\nid: REQ_12\n\nIt is 25 Nm.",
        ),
        (".. |bolt| replace:: the *bolt*\n\nTurn |bolt| of |release|.", "Turn the bolt of |release|."),
        (".. |v| replace:: version |release|\n\nUse |v|.", "Use version |release|."),
        (".. |a| replace:: x |a|\n\n|a|", "x |a|"),
        (
            ".. role:: red\n\n:red:`Stop` at 10\\ :sup:`6` :py:class:`~a.B` of H\\ :sub:`2`\\ O, the 1\\ :sup:`st`",
            "Stop at 10⁶ a.B of H₂O, the 1st",
        ),
        (
            "+---+-------+\n| a | 2025  |\n|   +---+---+\n|   | 1 | 2 |\n+===+===+===+\n| x | 3 | 4 |\n+---+---+---+",
            "| a | 2025 1 | 2025 2 |\n| --- | --- | --- |\n| x | 3 | 4 |",
        ),
        ("A [CIT]_.\n\n.. [CIT] A book.", "A [CIT].\n\n[CIT] A book."),
    ],
)
def test_pieces(rst: str, markdown: str) -> None:
    assert text_of(rst) == markdown


@pytest.mark.parametrize(
    ("rst", "kept"),
    [
        ("=== ===\nbad table\n=== ===\nab cd ef\n=== ===", "ab cd ef"),
        ("A\n=\n\nB\n-\n\nC\n~\n\nD\n=\n\nE\n~\n\nText.", "## E"),
        (".. warning:: Hot\n   :unheard-of: 80", "Warning: Hot"),
        (".. list-table::\n\n   * no table\n", "no table"),
        ("Title\n==\n\nA *start without an end and :role:`x", "A *start without an end and :role:`x"),
        (".. note::\n\n   Inner\n   -----\n\n   Text.", "# Inner"),
    ],
)
def test_what_is_written_wrongly_is_not_lost(rst: str, kept: str) -> None:
    assert kept in text_of(rst)


def test_what_is_struck_out_is_told() -> None:
    read = read_rst(".. role:: del\n\nWithin :del:`30 days` 60 days.")
    assert (read.markdown, read.left_out["struck"]) == ("Within 60 days.", 1)


def test_a_role_that_one_file_makes_holds_in_no_other() -> None:
    assert text_of(".. role:: x(raw)\n   :format: html\n\nA :x:`<br>` b.") == "A b."
    assert text_of("A :x:`word` b.") == "A word b."
    assert text_of(".. default-role:: math\n\n`\\alpha`") == "α"
    assert text_of("`\\\\alpha`") == "\\alpha"


def test_no_other_file_is_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret,words", encoding="utf-8")
    text_of("warm")
    opened: list[object] = []
    monkeypatch.setattr(builtins, "open", lambda name, *args, **more: opened.append(name))
    for rst in (
        f".. include:: {secret}",
        f".. literalinclude:: {secret}",
        f".. csv-table:: T\n   :file: {secret}",
        f".. csv-table:: T\n   :url: {secret.as_uri()}",
        f".. raw:: html\n   :file: {secret}",
        f".. figure:: {secret}\n   :figwidth: image",
        f".. |x| include:: {secret}\n\n|x|",
    ):
        assert "words" not in text_of(rst)
    assert opened == []


LINES = [
    *HANDBOOK.split("\n"),
    *".. note::|.. math::|.. figure::|.. list-table::|.. csv-table::|.. table::|.. role::|.. role:: a(b)".split("|"),
    *".. unicode::|.. default-role:: zz|.. parsed-literal::|.. raw:: html|.. header::|.. contents::|.. date::".split(
        "|"
    ),
    *"::|`x`:math:|:bad:`|``|`a <b>`_|`a`__|__ b|[#]_|[*]_|.. [#] x|* x|1. x|....|====|-".split("|"),
    *"\\|+--+|== ==|a  b|:a: b|> q|>>> 1|.. target-notes::".split("|"),
    *(
        ".. |a| replace:: |b| |c|",
        ".. |b| replace:: |a|",
        "|a|",
        ".. _a: b_",
        ".. _b: a_",
        "a_",
        "   * - a",
        "     - b",
    ),
]


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.text(alphabet="a=-~*|`_:.[]#\\ \n表", max_size=60))
def test_any_text_is_read_or_refused(tmp_path: Path, seed: int, text: str) -> None:
    choose = random.Random(seed)
    lines = [" " * choose.choice((0, 0, 0, 1, 3, 4)) + choose.choice(LINES) for _ in range(choose.randrange(25))]
    path = tmp_path / "any.rst"
    path.write_text("\n".join([*lines, text]), encoding="utf-8")
    assert _refusal(path) in ("", "empty")


def _refusal(path: Path) -> str:
    try:
        parse(path, path.name)
    except ReadError as error:
        return error.reason
    return ""


def test_what_is_nested_too_deep_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "deep.rst"
    path.write_text("- " * 3000 + "x", encoding="utf-8")
    assert _refusal(path) == "damaged"


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\overline{x} - 3 \cdot \frac{\displaystyle \overline{S}}{a_n\sqrt{n}}", "x̄ - 3 ⋅ S̄/(a_n √n)"),
        (r"\frac{1}{n-1}\sum_{i=1}^{n} (x_i - \bar x)^2", "(1/(n-1))∑_(i=1)^n (x_i - x̄)^2"),
        (r"2\frac{1}{3}", "2 1/3"),
        (r"a/\frac{b}{c}", "a/ (b/c)"),
        (r"\sqrt[3]{x+1} \neq e^{ax}", "(x+1)^(1/3) ≠ e^(ax)"),
        (r"x_{i}y", "x_i y"),
        (r"10^{-6}\,\text{m} \pm 0.5\,\% \leq 20^{\circ}\text{C}", "10^(-6) m ± 0.5 % ≤ 20°C"),
        (r"\left\{ \begin{array}{rl} a & b \\ c & d \end{array} \right.", "{a b\nc d"),
        (r"\eta = 10 \log_{10} \mu^2 / \sigma^2", "η = 10 log_10 μ^2 / σ^2"),
        (r"x \not= y \foo{z}", "x ≠ y \\foo z"),
        (r"\frac{a", r"\frac{a"),
        ("{" * 500, "{" * 500),
    ],
)
def test_mathematics_is_readable(tex: str, text: str) -> None:
    assert readable(tex) == text


@given(st.text(alphabet="\\{}^_&[]% abfrcsqt1+", max_size=60))
def test_any_mathematics_is_text(tex: str) -> None:
    assert isinstance(readable(tex), str)
