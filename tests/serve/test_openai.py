"""Programs made for OpenAI, with nothing changed but the address: its own client and LangChain's."""

from __future__ import annotations

import numpy as np
import openai
import pytest
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from serve.serving import Server

from qeu_rag import KnowHow

ASKED = "What is the daily allowance abroad?"


@pytest.fixture
def client(server: Server) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.address}/v1", api_key="any word", max_retries=0)


def test_a_chat_is_answered_with_footnotes_and_the_whole_answer(client: openai.OpenAI) -> None:
    done = client.chat.completions.create(model="qeu-rag", messages=[{"role": "user", "content": ASKED}], temperature=1)
    text = done.choices[0].message.content or ""
    assert "8,000 yen" in text
    assert "[1] Travel › Allowances (travel.md): “" in text
    assert done.choices[0].finish_reason == "stop"
    assert done.model_extra is not None
    assert done.model_extra["qeu_rag"]["citations"][0]["source"] == "travel.md"
    assert text.startswith(done.model_extra["qeu_rag"]["answer"])


def test_a_stream_gives_the_same_text(client: openai.OpenAI) -> None:
    messages = [
        {"role": "system", "content": "Answer in rhyme."},
        {"role": "user", "content": [{"type": "text", "text": ASKED}]},
    ]
    whole = client.chat.completions.create(model="qeu-rag/default", messages=messages)  # type: ignore[call-overload]
    chunks = list(client.chat.completions.create(model="qeu-rag/default", messages=messages, stream=True))  # type: ignore[call-overload]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.choices[0].message.content
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].model_extra["qeu_rag"]["status"] == "answered"


def test_a_follow_up_in_the_messages_is_understood(client: openai.OpenAI) -> None:
    first = "海外出張の日当はいくらですか"
    done = client.chat.completions.create(
        model="qeu-rag",
        messages=[
            {"role": "user", "content": first},
            {"role": "assistant", "content": "8,000円です。"},
            {"role": "user", "content": "国内は？"},
        ],
    )
    assert "3,000円" in (done.choices[0].message.content or "")
    assert "日当" in (done.model_extra or {})["qeu_rag"]["question"]


def test_models_are_the_collections_and_the_encoder(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [
        "qeu-rag",
        "qeu-rag/board",
        "qeu-rag/default",
        "qeu-rag-embedding",
    ]
    assert client.models.retrieve("qeu-rag/default").id == "qeu-rag/default"


def test_errors_are_those_that_the_client_knows(client: openai.OpenAI, server: Server) -> None:
    with pytest.raises(openai.NotFoundError, match="no model of this name"):
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": ASKED}])
    with pytest.raises(openai.BadRequestError, match="holds no words"):
        client.chat.completions.create(model="qeu-rag", messages=[{"role": "user", "content": "?"}])
    picture = {"type": "image_url", "image_url": {"url": "data:,"}}
    with pytest.raises(openai.BadRequestError, match="text alone"):
        client.chat.completions.create(model="qeu-rag", messages=[{"role": "user", "content": [picture]}])  # type: ignore[list-item,misc]
    with pytest.raises(openai.BadRequestError, match="last message"):
        client.chat.completions.create(model="qeu-rag", messages=[{"role": "assistant", "content": "So."}])
    with pytest.raises(openai.UnprocessableEntityError):
        client.chat.completions.create(model="qeu-rag", messages=[])
    wrong = openai.OpenAI(base_url=f"{server.address}/v1", api_key="qeu-nobody", max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        wrong.models.list()


def test_embeddings_are_the_encoders_own(client: openai.OpenAI, server: Server) -> None:
    texts = ["The daily allowance", "日当"]
    found = client.embeddings.create(model="qeu-rag-embedding", input=texts)
    plain = client.embeddings.create(model="qeu-rag-embedding", input=texts, encoding_format="float")
    with KnowHow.open(home=server.home) as opened:
        wanted = opened.networks.embedder.embed_passages(texts)
        asked = opened.networks.embedder.embed_query(ASKED)
    for got in (found, plain):
        assert np.allclose([one.embedding for one in got.data], wanted, atol=1e-3)
    extra = {"input_type": "query"}
    query = client.embeddings.create(model="qeu-rag-embedding", input=ASKED, extra_body=extra)
    assert np.allclose(query.data[0].embedding, asked, atol=1e-3)
    with pytest.raises(openai.BadRequestError, match="check_embedding_ctx_length"):
        client.embeddings.create(model="qeu-rag-embedding", input=[1, 2, 3])


def test_langchain_asks_streams_and_embeds(server: Server) -> None:
    chat = ChatOpenAI(base_url=f"{server.address}/v1", api_key="x", model="qeu-rag")  # type: ignore[arg-type]
    assert "8,000 yen" in str(chat.invoke(ASKED).content)
    assert "8,000 yen" in "".join(str(piece.content) for piece in chat.stream(ASKED))
    embed = OpenAIEmbeddings(
        base_url=f"{server.address}/v1",
        api_key="x",  # type: ignore[arg-type]
        model="qeu-rag-embedding",
        check_embedding_ctx_length=False,
    )
    near, far = embed.embed_documents(["The daily allowance abroad is 8,000 yen.", "Helmets are worn in the hall."])
    asked = embed.embed_query(ASKED)
    assert np.dot(asked, near) > np.dot(asked, far)
