"""Writes small GGUF models with random weights, in the true layout, and the same weights as transformers models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE

torch.set_num_threads(1)  # tiny models gain nothing from more, and lose much on a busy machine
CONTEXT = 512
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}{{ eos_token }}\n"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
_PIECES = ("▁t", "he", "▁the", "in", "an", "er", "▁a", "▁loss", "▁lo", "ss", "日本", "語", "の", "は", "です", "日本語")


def byte_characters() -> dict[int, str]:
    """GPT-2's printable stand-in for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{b: chr(b) for b in printable}, **{b: chr(256 + i) for i, b in enumerate(others)}}


def llama_vocabulary() -> tuple[list[str], list[float], list[int]]:
    """Tokens, scores and types of a sentencepiece vocabulary with byte tokens, single characters and some pieces."""
    kinds = gguf.TokenType
    tokens = ["<unk>", "<s>", "</s>", "<|user|>", "<|system|>", "<|assistant|>"]
    types = [kinds.UNKNOWN, *[kinds.CONTROL] * 5]
    tokens += [f"<0x{byte:02X}>" for byte in range(256)]
    types += [kinds.BYTE] * 256
    characters = ["▁", *(chr(c) for c in range(33, 127)), "日", "本", "語", "の", "は", "で", "す"]
    pieces = [*(p for p in _PIECES if len(p) > 1), *characters]
    tokens += pieces
    types += [kinds.NORMAL] * len(pieces)
    scores = [0.0] * 262 + [-float(i) for i in range(len(pieces))]
    return tokens, scores, [int(kind) for kind in types]


def gpt2_vocabulary() -> tuple[list[str], list[str]]:
    """Tokens and merges of a byte-level vocabulary; the last two tokens are control tokens."""
    characters = byte_characters()
    tokens = [characters[byte] for byte in range(256)]
    merges = []

    def join(*parts: str) -> None:
        merges.append(" ".join(parts))
        tokens.append("".join(parts))

    join("Ġ", "t")
    join("h", "e")
    join("Ġt", "he")
    join("i", "n")
    first, second, third = (characters[byte] for byte in "日".encode())
    join(first, second)
    join(first + second, third)
    return [*tokens, "<|endoftext|>", "<|im_end|>"], merges


def gpt2_tokenizer() -> Tokenizer:
    """The same vocabulary in Hugging Face's tokenizers."""
    tokens, merges = gpt2_vocabulary()
    tokenizer = Tokenizer(
        BPE({t: i for i, t in enumerate(tokens)}, [tuple(merge.split(" ")) for merge in merges], fuse_unk=False)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def write_llama(path: Path, *, template: str | None = CHAT_TEMPLATE, seed: int = 7, context: int = CONTEXT) -> Any:
    """A llama file at ``path``, which never ends its reply; gives the LlamaForCausalLM of the same weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokens, scores, types = llama_vocabulary()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokens), hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=context, rms_norm_eps=1e-5, initializer_range=0.3,
        bos_token_id=1, eos_token_id=2, tie_word_embeddings=False,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        model.lm_head.weight[:6] = 0  # a logit of 0 is never the highest here, so no control token comes
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny llama")
    writer.add_context_length(context)
    writer.add_embedding_length(64)
    writer.add_block_count(2)
    writer.add_feed_forward_length(96)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_dimension_count(16)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(int(gguf.LlamaFileType.ALL_F32))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    if template is not None:
        writer.add_chat_template(template)
    weights = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    names = {"embed_tokens": "token_embd", "norm": "output_norm"}
    inner = {
        "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    }  # fmt: skip
    for hf, ours in names.items():
        writer.add_tensor(f"{ours}.weight", weights[f"model.{hf}.weight"])
    writer.add_tensor("output.weight", weights["lm_head.weight"])
    for layer in range(2):
        for hf, ours in inner.items():
            weight = weights[f"model.layers.{layer}.{hf}.weight"]
            if ours in ("attn_q", "attn_k"):
                weight = _rotary_order(weight, heads=4 if ours == "attn_q" else 2)
            writer.add_tensor(f"blk.{layer}.{ours}.weight", np.ascontiguousarray(weight))
    _finish(writer)
    return model


def write_gpt2(path: Path, *, seed: int = 11, template: str | None = None) -> Any:
    """A gpt2 file at ``path``; gives the GPT2LMHeadModel of the same weights."""
    torch.manual_seed(seed)
    model = _gpt2(context=CONTEXT, width=64, initializer_range=0.4)
    save_gpt2(path, model, template)
    return model


def write_reciter(path: Path, text: str, *, context: int = 256) -> None:
    """A gpt2 file that recites ``text`` byte by byte, again and again: at each position one byte, whatever the prompt.

    Its blocks add nothing, each place in the text has a unit vector, and the output layer knows the byte for each.
    """
    data = text.encode()
    model = _gpt2(context=context, width=-(-len(data) // 64) * 64, initializer_range=0.0)
    tokens = {token: number for number, token in enumerate(gpt2_vocabulary()[0])}
    characters = byte_characters()
    with torch.no_grad():
        for parameter in model.transformer.h.parameters():
            parameter.zero_()
        for position in range(context):
            model.transformer.wpe.weight[position, position % len(data)] = 1.0
        for place, byte in enumerate(data):
            model.lm_head.weight[tokens[characters[byte]], place] = 1.0
    save_gpt2(path, model)


def _gpt2(*, context: int, width: int, initializer_range: float) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    tokens, _ = gpt2_vocabulary()
    end = len(tokens) - 2
    config = GPT2Config(
        vocab_size=len(tokens), n_positions=context, n_embd=width, n_layer=2, n_head=4,
        initializer_range=initializer_range, bos_token_id=end, eos_token_id=end, activation_function="gelu_new",
        tie_word_embeddings=False,
    )  # fmt: skip
    return GPT2LMHeadModel(config).eval()


def save_gpt2(path: Path, model: Any, template: str | None = None) -> None:
    """Writes a GPT2LMHeadModel as GGUF."""
    config = model.config
    tokens, merges = gpt2_vocabulary()
    end = len(tokens) - 2
    writer = gguf.GGUFWriter(str(path), "gpt2")
    writer.add_context_length(config.n_positions)
    writer.add_embedding_length(config.n_embd)
    writer.add_block_count(2)
    writer.add_feed_forward_length(4 * config.n_embd)
    writer.add_head_count(4)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)
    writer.add_file_type(int(gguf.LlamaFileType.ALL_F32))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([int(gguf.TokenType.NORMAL)] * end + [int(gguf.TokenType.CONTROL)] * 2)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(end)
    writer.add_eos_token_id(end)
    if template is not None:
        writer.add_chat_template(template)
    weights = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    writer.add_tensor("token_embd.weight", weights["transformer.wte.weight"])
    writer.add_tensor("position_embd.weight", weights["transformer.wpe.weight"])
    writer.add_tensor("output.weight", weights["lm_head.weight"])
    names = {
        "ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm",
        "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
    }  # fmt: skip
    for kind in ("weight", "bias"):
        writer.add_tensor(f"output_norm.{kind}", weights[f"transformer.ln_f.{kind}"])
        for layer in range(2):
            for hf, ours in names.items():
                tensor = weights[f"transformer.h.{layer}.{hf}.{kind}"]
                # GPT-2's Conv1D keeps its matrices the other way round.
                writer.add_tensor(f"blk.{layer}.{ours}.{kind}", np.ascontiguousarray(tensor.T))
    _finish(writer)


def greedy(model: Any, prompt: list[int], count: int, *, tie: float = 0.05) -> list[int]:
    """What transformers gives greedily, up to ``count`` tokens, or to where two tokens are so near to each other that
    another order of additions may turn them round (llama.cpp keeps keys and values in 16 bits)."""
    tokens = list(prompt)
    with torch.no_grad():
        while len(tokens) < len(prompt) + count:
            best = model(torch.tensor([tokens])).logits[0, -1].topk(2)
            if best.values[0] - best.values[1] < tie:
                break
            tokens.append(int(best.indices[0]))
    return tokens[len(prompt) :]


def _rotary_order(weight: np.ndarray, heads: int) -> np.ndarray:
    """llama.cpp turns neighbouring pairs, transformers halves: the rows of each head in llama.cpp's order."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
