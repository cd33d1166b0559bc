"""A random encoder of a few thousand weights with a tokenizer of whole words, in the layout of multilingual-e5."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import WordLevel
from torch import Tensor

WORDS = "where does the rhine end danube is in north black sea it begins alps flows into ten countries . ? red blue"
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
WIDTH, WIDE, LAYERS, HEADS, POSITIONS = 32, 64, 6, 4, 512
# Of every layer: matrices [out, in] and, beside their biases, norms.
MATRICES = {
    "attention.self.query": (WIDTH, WIDTH),
    "attention.self.key": (WIDTH, WIDTH),
    "attention.self.value": (WIDTH, WIDTH),
    "attention.output.dense": (WIDTH, WIDTH),
    "intermediate.dense": (WIDE, WIDTH),
    "output.dense": (WIDTH, WIDE),
}
NORMS = ("attention.output.LayerNorm", "output.LayerNorm")


def save_tiny_encoder(folder: Path, seed: int = 0) -> Path:
    """Six layers, of which the reader trains the last two."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {word: number for number, word in enumerate([*SPECIAL, *WORDS.split()])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "model_type": "bert",
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "layer_norm_eps": 1e-12,
    }
    (folder / "config.json").write_text(json.dumps(config))
    save_file(_weights(len(vocabulary), seed), folder / "model.safetensors")
    return folder


def layer_shapes(number: int) -> dict[str, tuple[int, ...]]:
    """The shapes of a layer's parameters by name."""
    shapes: dict[str, tuple[int, ...]] = {}
    for part, shape in MATRICES.items():
        shapes[f"encoder.layer.{number}.{part}.weight"] = shape
        shapes[f"encoder.layer.{number}.{part}.bias"] = shape[:1]
    for part in NORMS:
        shapes |= {f"encoder.layer.{number}.{part}.{kind}": (WIDTH,) for kind in ("weight", "bias")}
    return shapes


def _weights(words: int, seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (words, WIDTH),
        "embeddings.position_embeddings.weight": (POSITIONS, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    for number in range(LAYERS):
        shapes |= layer_shapes(number)
    return {
        name: torch.ones(shape)
        if "LayerNorm.weight" in name
        else torch.randn(shape, generator=generator) * (0.2 if len(shape) > 1 else 0.02)
        for name, shape in shapes.items()
    }
