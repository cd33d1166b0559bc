"""Reads from a model folder whether it is a plain Llama, and the numbers of its configuration."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class LlamaShape:
    """The numbers of a Llama configuration that the forward pass needs."""

    width: int
    inner: int
    layers: int
    heads: int
    key_heads: int
    dimension: int  # of a head
    epsilon: float
    rope_base: float
    context: int
    tied: bool

    @classmethod
    def read(cls, folder: Path) -> "LlamaShape | None":
        """The shape of the model in the folder; None where it is not a plain Llama."""
        config: dict[str, Any] = json.loads((folder / "config.json").read_text())
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        plain = (
            config.get("model_type") == "llama"
            and config.get("hidden_act", "silu") == "silu"
            and not config.get("attention_bias")
            and not config.get("mlp_bias")
            and rope.get("rope_type", rope.get("type", "default")) == "default"
            and (folder / "model.safetensors").is_file()
        )
        if not plain:
            return None
        heads = config["num_attention_heads"]
        return cls(
            width=config["hidden_size"],
            inner=config["intermediate_size"],
            layers=config["num_hidden_layers"],
            heads=heads,
            key_heads=config.get("num_key_value_heads") or heads,
            dimension=config.get("head_dim") or config["hidden_size"] // heads,
            epsilon=config.get("rms_norm_eps", 1e-6),
            rope_base=config.get("rope_theta") or rope.get("rope_theta", 10_000.0),
            context=config["max_position_embeddings"],
            tied=bool(config.get("tie_word_embeddings")),
        )
