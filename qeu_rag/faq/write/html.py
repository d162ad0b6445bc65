"""Writes the answered list as one self-contained HTML page, to be searched and filtered in a browser and printed."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import IO

from qeu_rag.faq.outcome import OUTCOMES
from qeu_rag.faq.write.blocks import Prose, Rich, Table, blocks, bounds_of
from qeu_rag.faq.write.fields import answer_text, engine, quotes, status
from qeu_rag.faq.write.sheet import COLOURS, Row, Sheet, Tally
from qeu_rag.language import say

_STYLE = """
body{font:16px/1.6 system-ui,"Yu Gothic UI","Hiragino Sans","Noto Sans CJK JP",sans-serif;color:#111;background:#fff;
  max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.05rem;margin:.2rem 0}
article{border:1px solid #bbb;border-radius:6px;padding:.7rem 1rem;margin:1rem 0;
  content-visibility:auto;contain-intrinsic-size:auto 14rem}
article p{margin:.4rem 0;white-space:pre-line}
mark{background:none;color:inherit;font-weight:bold}
.mark{display:inline-block;border:1px solid #888;border-radius:4px;padding:0 .5rem;font-size:.85rem}
.about{color:#444;font-size:.85rem;margin-left:.6rem}
blockquote{margin:.4rem 0;padding-left:.8rem;border-left:3px solid #999}
cite{display:block;font-size:.85rem;font-style:normal;color:#333;overflow-wrap:anywhere}
table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:left}
.rows td,.rows th{border:1px solid #bbb;padding:.15rem .5rem}
.bar{display:flex;height:1.2rem;border:1px solid #888;margin:.6rem 0}
.find{position:sticky;top:0;background:#fff;padding:.5rem 0;display:flex;gap:.6rem;flex-wrap:wrap;align-items:center}
.find input[type=search]{font:inherit;flex:1;min-width:12rem;padding:.3rem}label{white-space:nowrap;font-size:.9rem}
@page{size:A4;margin:15mm}
@media print{article{content-visibility:visible}}
@media print{.find{display:none}body{margin:0;max-width:none;font-size:10.5pt}article{break-inside:avoid;
  border-color:#999}article[hidden]{display:block!important}*{print-color-adjust:exact}a{color:inherit}}
"""
_SCRIPT = """
const box=document.querySelector('#q'),left=document.querySelector('#n');
const marks=[...document.querySelectorAll('.find input[type=checkbox]')],items=[...document.querySelectorAll('article')];
const fold=t=>t.normalize('NFKC').toLowerCase(),texts=items.map(a=>fold(a.textContent));
function show(){
  const words=fold(box.value).split(/\\s+/).filter(Boolean),on=new Set(marks.filter(m=>m.checked).map(m=>m.value));
  let n=0;
  items.forEach((a,i)=>{const yes=on.has(a.dataset.s)&&words.every(w=>texts[i].includes(w));a.hidden=!yes;n+=yes});
  left.textContent=n+' / '+items.length;
}
box.addEventListener('input',show);marks.forEach(m=>m.addEventListener('change',show));show();
"""


def write_html(path: Path, sheet: Sheet, tally: Tally) -> None:
    """The page: the counts, a field to search in, then every question with its answer and quotes."""
    lang = sheet.lang
    counted = Tally()
    for _ in counted.taking(sheet.rows()):
        pass
    # Nothing from outside may be loaded, whatever a document's text holds.
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.write(
            f'<!DOCTYPE html>\n<html lang="{escape(lang)}"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(sheet.title)}</title>'
            f"<style>{_STYLE}</style></head><body><h1>{escape(sheet.title)}</h1>\n"
        )
        _summary(file, sheet, counted)
        for row in tally.taking(sheet.rows()):
            _article(file, row, lang)
        file.write(f"<script>{_SCRIPT}</script></body></html>\n")


def _summary(file: IO[str], sheet: Sheet, tally: Tally) -> None:
    lang = sheet.lang
    lines = [*sheet.facts, *((status(name, lang), str(count)) for name, count in tally.shares())]
    file.write("<table>")
    file.writelines(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in lines)
    file.write('</table><div class="bar" role="img" aria-label="' + escape(say("batch.summary", lang)) + '">')
    for name, count in tally.shares():
        if count:
            words = escape(f"{status(name, lang)}: {count}")
            file.write(f'<div style="flex:{count};background:#{COLOURS[name]}" title="{words}"></div>')
    search = escape(say("batch.search", lang))
    file.write(f'</div><div class="find"><input type="search" id="q" placeholder="{search}" aria-label="{search}">')
    for name in OUTCOMES:
        if tally.counts[name]:
            file.write(f'<label><input type="checkbox" value="{name}" checked> {escape(status(name, lang))}</label>')
    file.write('<span id="n"></span></div>\n')


def _article(file: IO[str], row: Row, lang: str) -> None:
    question, outcome, record = row
    file.write(
        f'<article data-s="{outcome}" id="row-{escape(question.place)}"><h2>{escape(question.question)}</h2>'
        f'<span class="mark" style="background:#{COLOURS[outcome]}">{escape(status(outcome, lang))}</span>'
    )
    about = [say("batch.row", lang, number=question.place)]
    if record is not None and outcome != "error":
        about.append(f"{say('batch.column.confidence', lang)} {record.payload['confidence']:.2f}")
        about.append(engine(record.payload, lang))
    file.write(f'<span class="about">{escape(" · ".join(about))}</span>')
    if record is not None:
        file.writelines(map(_block, blocks(answer_text(record.payload), bounds_of(record.payload))))
        for one in quotes(record, lang):
            place = f"[{one.marker}] {escape(one.place)}"
            linked = f'<a href="{escape(one.link)}">{place}</a>' if one.link else place
            file.write(f"<blockquote>{escape(one.words)}<cite>{linked} · {escape(one.edition)}</cite></blockquote>")
    file.write("</article>\n")


def _block(block: Prose | Table) -> str:
    if isinstance(block, Prose):
        return f"<p>{_emphasised(block.text)}</p>"
    header, *rows = ["".join(f"<td>{_emphasised(cell)}</td>" for cell in row) for row in block.rows]
    return (
        f'<table class="rows"><thead><tr>{header.replace("td>", "th>")}</tr></thead>'
        + "".join(f"<tr>{row}</tr>" for row in rows)
        + "</table>"
    )


def _emphasised(text: Rich) -> str:
    return "".join(f"<mark>{escape(run)}</mark>" if strong else escape(run) for run, strong in text)
