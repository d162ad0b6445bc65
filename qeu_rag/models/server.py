"""A model behind an OpenAI-compatible address (Ollama, llama.cpp, vLLM, LM Studio), by langchain-openai."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, ClassVar, cast

from langchain_core.messages import BaseMessage
from pydantic import PrivateAttr

from qeu_rag.errors import ConfigError, ModelError
from qeu_rag.models.chat_model import EngineModel, ResponseFormat, estimated_tokens
from qeu_rag.models.server_address import checked_key, in_the_house
from qeu_rag.models.server_failure import ATTEMPTS, StreamEnd, broken, refused, wait_before_next

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

_CONNECT_S = 10.0
_COUNT_S = 5.0
_HTTP = ("httpx", "httpx2", "httpcore", "httpcore2")


def open_server(
    *,
    base_url: str,
    name: str | None,
    api_key_env: str | None,
    max_tokens: int,
    temperature: float,
    context_tokens: int,
    timeout_s: float,
    environ: Mapping[str, str],
) -> ServerModel:
    """The model ``name`` at ``base_url``; without a name, the only one that the server lists.

    ``api_key_env`` names the variable of ``environ`` that holds the key. ``timeout_s`` is how long the server may be
    silent. Raises ConfigError for an address or a variable that cannot be used, ModelError where the server is asked for
    its models and does not answer.
    """
    key = checked_key(base_url, api_key_env, environ)
    model = ServerModel(
        model_name=name or "",
        base_url=base_url.rstrip("/"),
        max_tokens=max_tokens,
        temperature=temperature,
        context_tokens=context_tokens,
        timeout_s=timeout_s,
    )
    model._api_key = key or "none"  # the library insists on one, and servers without keys ignore it
    if not name:
        model.choose()
    return model


def listed_models(base_url: str, key: str, *, timeout_s: float) -> tuple[str, ...]:
    """The names of the models that the server lists. Raises ModelError where it does not answer within ``timeout_s``."""
    model = ServerModel(model_name="", base_url=base_url.rstrip("/"), context_tokens=1, timeout_s=timeout_s)
    model._api_key = key or "none"
    try:
        return tuple(model.models())
    finally:
        model.close()


class ServerModel(EngineModel):
    """A model on a server. Nothing but ``base_url`` is ever contacted; proxies only for addresses outside the house.

    A request that the server could not take is tried three times, with growing pauses or the one that the server asks
    for; a reply that has begun is never asked for again.
    """

    constrains_json: ClassVar[bool] = True

    base_url: str
    timeout_s: float = 120.0

    _api_key: str = PrivateAttr(default="none")
    _client: ChatOpenAI | None = PrivateAttr(default=None)
    _http: Any = PrivateAttr(default=None)
    _tells_tokens: bool = PrivateAttr(default=True)
    _last: threading.local = PrivateAttr(default_factory=threading.local)

    def pieces(
        self, messages: Sequence[BaseMessage], *, response_format: ResponseFormat | None = None
    ) -> Iterator[str]:
        """The reply as the server sends it. Raises ModelError with a key that begins with ``server_``."""
        import openai

        began = finished = False
        stream: Generator[Any, None, None] | None = None
        try:
            first, stream, end = self._begun(list(messages), response_format)
            for chunk in chain(first, stream):
                began = True
                finished = finished or bool((chunk.generation_info or {}).get("finish_reason"))
                if text := chunk.message.text:
                    yield text
        except openai.APIStatusError as e:
            raise self._missing() if e.status_code == 404 else refused(e, self.base_url) from e
        except openai.APITimeoutError as e:
            raise ModelError("server_silent", base_url=self.base_url, seconds=f"{self.timeout_s:g}") from e
        except (openai.APIError, json.JSONDecodeError, UnicodeDecodeError) as e:
            raise broken(e, self.base_url, began=began) from e
        except Exception as e:
            # Breaks of the connection inside a reply come from the HTTP library itself, which differs by version.
            if type(e).__module__.partition(".")[0] not in _HTTP:
                raise
            if "Timeout" in type(e).__name__:
                raise ModelError("server_silent", base_url=self.base_url, seconds=f"{self.timeout_s:g}") from e
            raise broken(e, self.base_url, began=began) from e
        finally:
            if stream is not None:
                stream.close()
        if not finished and not end.came:
            raise ModelError("server_cut" if began else "server_strange", base_url=self.base_url)

    def count_tokens(self, text: str) -> int:
        """The model's own tokens, where the server tells them at ``/tokenize`` (llama.cpp, vLLM); else an estimate."""
        told = self._tokenized(text) if self._tells_tokens else None
        self._tells_tokens = told is not None
        return estimated_tokens(text) if told is None else told

    def render(self, messages: Sequence[BaseMessage]) -> str:
        """The messages as plain text, for counting; the server itself puts them into its model's form."""
        return "\n".join(f"{message.type}: {message.text}" for message in messages)

    def close(self) -> None:
        """Closes the connections."""
        client, self._client = self._client, None
        if client is not None:
            client.root_client.close()

    def models(self) -> dict[str, dict[str, Any]]:
        """The models that the server lists, by name, with whatever else it says of each. Raises ModelError."""
        import openai

        try:
            listed = self._opened().root_client.models.list()
            return {str(entry.id): dict(entry.model_extra or {}) for entry in listed.data or ()}
        except openai.APITimeoutError as e:
            raise ModelError("server_silent", base_url=self.base_url, seconds=f"{self.timeout_s:g}") from e
        except openai.APIConnectionError as e:
            raise broken(e, self.base_url, began=False) from e
        except openai.APIStatusError as e:
            if e.status_code == 404:
                raise ModelError("server_path", base_url=self.base_url) from e
            raise refused(e, self.base_url) from e
        except (openai.APIError, AttributeError, ValueError, TypeError) as e:
            raise ModelError("server_strange", base_url=self.base_url) from e

    def choose(self) -> None:
        """Takes the only model of the server, and the length of its context where the server tells it."""
        models = self.models()
        if len(models) != 1:
            raise ConfigError("server_name", base_url=self.base_url, names=_named(models))
        ((self.model_name, facts),) = models.items()
        meta = facts.get("meta")
        told = facts.get("max_model_len") or (meta.get("n_ctx") if isinstance(meta, dict) else None)  # vLLM, llama.cpp
        if isinstance(told, int) and told > 0:
            self.context_tokens = min(self.context_tokens, told)

    def _begun(
        self, messages: list[BaseMessage], response_format: ResponseFormat | None
    ) -> tuple[list[Any], Generator[Any, None, None], StreamEnd]:
        """The reply's first chunk (none of an empty one), the others, and whether its end came; tries again while none has
        come and the server may yet take the request."""
        import openai

        # Not max_completion_tokens, which is what langchain-openai makes of max_tokens: older servers ignore it.
        body: dict[str, Any] = {"max_tokens": self.max_tokens}
        if response_format:
            body["response_format"] = response_format
        for attempt in range(1, ATTEMPTS + 1):
            # Not ``stream``: its callbacks would send traces elsewhere where LangSmith's variables are set.
            chunks = cast(Generator[Any, None, None], self._opened()._stream(messages, extra_body=body))
            try:
                first = list(islice(chunks, 1))
                return first, chunks, self._last.end
            except (openai.APIConnectionError, openai.APIStatusError) as e:
                wait = wait_before_next(e, attempt)
                if attempt == ATTEMPTS or wait is None:
                    raise
                time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _tokenized(self, text: str) -> int | None:
        """What the server says of ``text``; None where it knows no such request, or cannot be reached now."""
        self._opened()
        # llama.cpp reads ``content`` and ``add_special``, vLLM the others.
        asked = {"model": self.model_name, "prompt": text, "content": text, "add_special": True}
        address = f"{self.base_url.removesuffix('/v1')}/tokenize"
        headers = {"Authorization": f"Bearer {self._api_key}"}
        try:
            told = self._http.post(address, json=asked, headers=headers, timeout=min(_COUNT_S, self.timeout_s)).json()
            return len(told["tokens"])
        except Exception as e:
            if isinstance(e, (ValueError, KeyError, TypeError)) or type(e).__module__.partition(".")[0] in _HTTP:
                return None
            raise

    def _watch(self, response: Any) -> None:
        """Has the end of the stream in ``response`` noticed; called in the thread that asked, before anything is read."""
        end = self._last.end = StreamEnd()
        read = response.iter_bytes
        response.iter_bytes = lambda *given: end.watch(read(*given))

    def _opened(self) -> ChatOpenAI:
        if self._client is None:
            import openai
            from langchain_openai import ChatOpenAI
            from pydantic import SecretStr

            timeout = openai.Timeout(self.timeout_s, connect=min(_CONNECT_S, self.timeout_s))
            self._http = openai.DefaultHttpxClient(
                timeout=timeout,
                follow_redirects=False,
                trust_env=not in_the_house(self.base_url),
                event_hooks={"response": [self._watch]},
            )
            self._client = ChatOpenAI(
                model=self.model_name,
                base_url=self.base_url,
                api_key=SecretStr(self._api_key),
                temperature=self.temperature,
                timeout=timeout,
                max_retries=0,
                use_responses_api=False,
                stream_usage=False,
                http_client=self._http,
            )
        return self._client

    def _missing(self) -> ModelError:
        """404: the server knows the path but not the model, or not even the path."""
        try:
            names = self.models()
        except ModelError:
            return ModelError("server_path", base_url=self.base_url)
        return ModelError("server_model", base_url=self.base_url, model=self.model_name, names=_named(names))


def _named(models: Mapping[str, object]) -> str:
    return ", ".join(list(models)[:20]) or "-"
