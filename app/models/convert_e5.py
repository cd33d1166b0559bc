"""Turns the packed form of multilingual-e5-small into a sentence-transformers folder."""

# ruff: noqa: PLC0415  the model libraries take seconds to import, and the command line imports this file

import json
from pathlib import Path
from typing import Any

from app.models.e5_tokenizer import build_tokenizer
from app.models.packed_e5 import PackedEncoder, read_packed_encoder

# The forms the model was trained with (Wang et al. 2024, https://arxiv.org/abs/2402.05672). sentence-transformers
# takes "query" and "document" for encode_query and encode_document.
PROMPTS = {"query": "query: ", "document": "passage: ", "passage": "passage: "}

EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
PARAMETER_NAMES = {"w": "weight", "b": "bias"}


def convert_e5(source: Path, folder: Path) -> None:
    """Writes the model in the packed file that lies in `source` into the existing, empty `folder`."""
    (packed,) = source.glob("*.bin")
    encoder = read_packed_encoder(packed.read_bytes())
    _write_encoder(encoder, folder)
    build_tokenizer(encoder.vocabulary).save(str(folder / "tokenizer.json"), pretty=False)
    _write_json(folder / "tokenizer_config.json", _tokenizer_settings(encoder))
    _write_sentence_modules(encoder, folder)


def full_name(name: str) -> str:
    """The `BertModel` parameter for a packed tensor: `l3.ao.w` is `encoder.layer.3.attention.output.dense.weight`."""
    if name in EMBEDDING_NAMES:
        return EMBEDDING_NAMES[name]
    layer, part, parameter = name.split(".")
    return f"encoder.layer.{layer.removeprefix('l')}.{LAYER_NAMES[part]}.{PARAMETER_NAMES[parameter]}"


def _write_encoder(encoder: PackedEncoder, folder: Path) -> None:
    """Writes `config.json` and `model.safetensors`.

    Matrices are stored as float16: a weight is a small integer times a float16 scale, so float16 is off by at most
    2^-11 of it where bfloat16 is off by 2^-8 at the same size, and float32 would double the file to hold the rest.
    The configuration says float32, which the folder loads as unless the caller asks for another type.
    """
    import torch
    from safetensors.torch import save_file
    from transformers import BertConfig, BertModel

    shape = encoder.shape
    configuration = BertConfig(
        architectures=["BertModel"],
        vocab_size=shape.embeddings,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.segments,
        layer_norm_eps=shape.epsilon,
        pad_token_id=encoder.vocabulary.padding,
        dtype="float32",
    )
    with torch.device("meta"):  # names and shapes without memory
        expected = BertModel(configuration, add_pooling_layer=False).state_dict()
    arrays = {full_name(name): array for name, array in encoder.tensors.items()}
    state = {name: torch.from_numpy(arrays[name].reshape(like.shape)) for name, like in expected.items()}
    halved = {name: tensor.half() if tensor.dim() == 2 else tensor for name, tensor in state.items()}
    save_file(halved, folder / "model.safetensors", metadata={"format": "pt"})
    configuration.save_pretrained(folder)


def _tokenizer_settings(encoder: PackedEncoder) -> dict[str, Any]:
    vocabulary = encoder.vocabulary
    tokens = {
        "bos_token": vocabulary.start,
        "cls_token": vocabulary.start,
        "eos_token": vocabulary.end,
        "sep_token": vocabulary.end,
        "pad_token": vocabulary.padding,
        "unk_token": vocabulary.unknown,
    }
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": encoder.shape.positions,
        "model_input_names": ["input_ids", "attention_mask"],
        **{role: vocabulary.pieces[token][0] for role, token in tokens.items()},
    }


def _write_sentence_modules(encoder: PackedEncoder, folder: Path) -> None:
    """Writes what sentence-transformers adds: encoder, mean over the tokens, unit length; and the prompts."""
    modules = [("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")]
    entries = [
        {"idx": position, "name": str(position), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for position, (kind, path) in enumerate(modules)
    ]
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": encoder.shape.width, "pooling_mode_mean_tokens": True}
    _write_json(folder / "modules.json", entries)
    _write_json(folder / "1_Pooling" / "config.json", pooling)
    # The sentence vector is a mean, so the file holds no pooler and none is to be made up when it is loaded.
    transformer = {"max_seq_length": encoder.shape.positions, "model_args": {"add_pooling_layer": False}}
    _write_json(folder / "sentence_bert_config.json", transformer)
    _write_json(folder / "config_sentence_transformers.json", {"prompts": PROMPTS, "similarity_fn_name": "cosine"})


def _write_json(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
