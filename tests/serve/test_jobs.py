"""Lists of questions over HTTP: answered with progress, marked, approved; and jobs that a server's end interrupts."""

from __future__ import annotations

import io
import json
import threading
import time
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from serve.serving import JSON, Own, Server, job_of

from qeu_rag.serve.jobs import Job, Jobs


def workbook(*questions: str) -> bytes:
    book = Workbook()
    book.active.append(["No", "Question"])
    for number, question in enumerate(questions, 1):
        book.active.append([number, question])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


QUESTIONS = ("What is the daily allowance abroad?", "国内出張の日当はいくらですか", "Who won the chess title in 1972?")


def test_a_list_is_answered_downloaded_approved_and_told_apart_by_two_tabs(own: Own) -> None:
    client = own().client()
    sent = client.post("/api/batch", files={"file": ("../faq.xlsx", workbook(*QUESTIONS))})
    assert sent.status_code == 202
    with client.stream("GET", f"/api/jobs/{sent.json()['id']}/events") as answer:
        events = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: ")]
    assert events[-1]["state"] == "done"
    assert (events[-1]["done"], events[-1]["total"]) == (3, 3)
    assert sum(events[-1]["counts"].values()) == 3
    assert [one["done"] for one in events] == sorted(one["done"] for one in events)
    file = client.get(f"/api/jobs/{sent.json()['id']}/file")
    assert 'filename="faq.answers.xlsx"' in file.headers["content-disposition"]
    cells = [
        str(cell) for row in load_workbook(io.BytesIO(file.content)).active.iter_rows(values_only=True) for cell in row
    ]
    assert any("8,000 yen" in cell for cell in cells)
    rows = client.get(f"/api/jobs/{sent.json()['id']}/rows").json()["rows"]
    assert [row["row"] for row in rows] == [2, 3, 4]
    assert rows[2]["outcome"] == "not_in_documents"

    approval = approval_of(rows[0], "Abroad it is 8,000 yen a day.")
    first = client.post("/api/approvals", json={"by": "Aoki", "rows": [approval]}).json()
    assert len(first["kept"]) == 1
    assert client.post("/api/ask", json={"question": QUESTIONS[0]}).json()["answer"] == "Abroad it is 8,000 yen a day."
    other = approval_of(rows[0], "8,000 yen, whatever the country.")
    second = client.post("/api/approvals", json={"by": "Baba", "rows": [other]}).json()
    assert (second["kept"], second["refused"][0]["reason"]) == ([], "approved_meanwhile")
    assert "Aoki" in second["refused"][0]["message"]
    third = client.post("/api/approvals", json={"by": "Baba", "rows": [other], "replace": True}).json()
    assert third["replaced"][0]["before"] == "Abroad it is 8,000 yen a day."
    moved = {**other, "citations": [{**other["citations"][0], "passage_hash": "0" * 32}]}
    refused = client.post("/api/approvals", json={"by": "Baba", "rows": [moved], "replace": True}).json()["refused"]
    assert refused[0]["reason"] == "passage_changed"
    assert client.delete("/api/approvals", params={"id": third["kept"][0]}).status_code == 204
    assert client.get("/api/approvals").json()["approved"] == []
    assert client.delete(f"/api/jobs/{sent.json()['id']}").status_code == 204
    assert client.get(f"/api/jobs/{sent.json()['id']}/file").status_code == 404


def approval_of(row: JSON, answer: str) -> JSON:
    names = ("marker", "source", "document_id", "passage_hash", "quote")
    cited = [{name: one[name] for name in names} for one in row["citations"]]
    return {"question": row["question"], "answer": answer, "citations": cited}


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("faq.exe", b"MZ", 400),
        ("faq.xlsx", b"not a workbook", 202),
        ("faq.csv", b"", 202),
        ("", b"x", 422),
    ],
)
def test_a_list_that_cannot_be_read_says_why(server: Server, name: str, content: bytes, status: int) -> None:
    client = server.client()
    answer = client.post("/api/batch", files={"file": (name, content)})
    assert answer.status_code == status
    told = answer.json() if status != 202 else job_of(client, answer.json())
    assert told["error"]["message"]
    if status == 202:
        assert told["state"] == "failed"
        assert client.get(f"/api/jobs/{told['id']}/file").status_code == 409


def test_a_list_goes_on_where_the_servers_end_interrupted_it(own: Own) -> None:
    first = own()
    questions = [f"What is the daily allowance in country {n}?" for n in range(60)]
    job = first.client().post("/api/batch", files={"file": ("long.xlsx", workbook(*questions))}).json()
    job_of(first.client(), job, until=lambda now: now["done"] >= 3)
    assert first.stop() == 0
    kept = json.loads((own.home / "serve" / "jobs" / job["id"] / "job.json").read_text())
    assert kept["state"] == "interrupted"
    assert 3 <= kept["done"] < 60
    client = own().client()
    ended = job_of(client, job)
    assert (ended["state"], ended["done"]) == ("done", 60)
    assert len(client.get(f"/api/jobs/{job['id']}/rows").json()["rows"]) == 60


def test_feedback_and_gaps_come_from_the_log(own: Own) -> None:
    client = own().client()
    assert client.post("/api/feedback", json={"question": QUESTIONS[0], "helped": False}).status_code == 204
    (gap,) = client.get("/api/gaps").json()["gaps"]
    assert [(one["question"], one["count"], one["wrong"]) for one in gap["questions"]] == [(QUESTIONS[0], 1, 1)]
    client.post("/api/feedback", json={"question": QUESTIONS[0], "helped": True})
    assert client.get("/api/gaps").json() == {"schema_version": 1, "logged": False, "gaps": []}
    from qeu_rag.index.question_log import QuestionLog

    log = QuestionLog(own.home / "collections" / "default" / "questions.sqlite")
    assert [(one.question, one.helped) for one in log.feedback()] == [(QUESTIONS[0], False), (QUESTIONS[0], True)]
    log.forget()
    assert log.feedback() == ()


def test_a_job_that_is_removed_stops_and_one_that_breaks_keeps_the_others_going(tmp_path: Path) -> None:
    begun, told = threading.Event(), []

    def work(job: Job, folder: Path) -> None:
        if job.name == "broken":
            raise ZeroDivisionError
        for number in range(600):
            job.step("ask", number, 600)
            begun.set()
            if job.name == "quick":
                return
            time.sleep(0.1)

    jobs = Jobs(tmp_path, {"batch": work}, stopping=threading.Event(), tell=told.append)

    def add(name: str) -> Job:
        return jobs.add("batch", collection="c", name=name, lang="en", given={}, prepare=lambda folder: None)

    slow, broken, quick = add("slow"), add("broken"), add("quick")
    assert begun.wait(10)
    jobs.remove(slow)
    for _ in range(100):
        if quick.ended:
            break
        time.sleep(0.1)
    assert (broken.state, quick.state) == ("failed", "done")
    assert told == [f"batch {broken.id}: ZeroDivisionError: "]
    assert not jobs.folder_of(slow).exists()
    assert [job.name for job in jobs.of("c")] == ["quick", "broken"]
    jobs.close()
    again = Jobs(tmp_path, {"batch": work}, stopping=threading.Event(), tell=told.append)
    again.resume()
    assert [job.state for job in again.of("c")] == ["done", "failed"]
    again.close()


def test_a_job_rests_while_somebody_asks_and_ends_at_once_when_it_must(tmp_path: Path) -> None:
    asked, stopping, steps = threading.Event(), threading.Event(), []

    def work(job: Job, folder: Path) -> None:
        for number in range(1000):
            time.sleep(0.05)
            began = time.monotonic()
            job.step("ask", number, 1000)
            steps.append((asked.is_set(), time.monotonic() - began))

    asked.set()
    jobs = Jobs(tmp_path, {"batch": work}, stopping=stopping, tell=print, asked=asked.is_set)
    job = jobs.add("batch", collection="c", name="one", lang="en", given={}, prepare=lambda folder: None)
    while len(steps) < 4:
        time.sleep(0.02)
    asked.clear()
    while (not steps[-1][0] and len(steps) < 12) or steps[-1][0]:
        time.sleep(0.02)
    stopping.set()
    jobs.close()
    assert job.state == "interrupted"
    assert all(rested >= 0.15 for asking, rested in steps[:4])
    assert sum(rested < 0.15 for asking, rested in steps if not asking) >= 3
