"""The job that answers a list of questions, as ``qeu-rag batch`` does, and goes on where it was stopped."""

from __future__ import annotations

from pathlib import Path

from qeu_rag.faq.batch import Batch, Plan, run_of
from qeu_rag.faq.finish import taken, write_answers
from qeu_rag.faq.journal import Journal, journal_path
from qeu_rag.faq.read.questions import read_questions
from qeu_rag.faq.write.sheet import KINDS
from qeu_rag.language import say
from qeu_rag.serve.collections import Collections
from qeu_rag.serve.jobs import Job, Work

ROWS = "rows.jsonl"
"""The answered rows as JSON lines, beside the workbook."""


def listing(collections: Collections) -> Work:
    """How a job of the kind "batch" is done: ``given`` has the list's name in the job's folder, its column and the length."""

    def work(job: Job, folder: Path) -> None:
        know_how = collections.ready(job.collection)
        source = folder / job.given["list"]
        listed = read_questions(source, column=job.given["column"])
        job.notes = [taken(one, job.lang) for one in listed.parts or (listed,) if one.guessed]
        if listed.passed:
            job.notes.append(say("batch.sheets_passed", job.lang, sheets=", ".join(listed.passed)))
        # A list as plain lines comes back as a workbook, which people can mark.
        suffix = source.suffix.lower() if source.suffix.lower() in KINDS else ".xlsx"
        output = folder / f"{source.stem}.answers{suffix}"
        plan = Plan(long=job.given["long"], jobs=1)
        with Journal(journal_path(output), run_of(know_how, plan)) as journal:
            Batch(
                know_how=know_how,
                questions=listed,
                journal=journal,
                plan=plan,
                progress=lambda step: job.step("ask", step.done, step.total, counts=step.counts),
                tell=job.notes.append,
                lang=job.lang,
            ).run()
            for path, kind in ((output, KINDS[suffix]), (folder / ROWS, KINDS[".jsonl"])):
                bom = suffix == ".csv"  # who downloads it opens it in Excel
                write_answers(path, kind, know_how, listed, journal, source=source, bom=bom, lang=job.lang)
        job.file = output.name

    return work
