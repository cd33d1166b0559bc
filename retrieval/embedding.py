"""The embedder: any sentence-transformers folder, run in bfloat16 where the processor has it.

Knows nothing of chunks or queries beyond the prompts that the model wants before each (`query: `, `passage: `).
"""

import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from transformers.utils.logging import disable_progress_bar

from retrieval.errors import ModelUnavailable

# Texts a batch: on 2 cores larger batches gain nothing and cost memory.
BATCH_SIZE = 32


class SentenceEmbedder:
    """One loaded model. Safe to call from several threads; one call runs at a time."""

    def __init__(self, folder: Path, threads: int) -> None:
        if not (folder / "modules.json").exists():
            raise ModelUnavailable(
                f"The embedding model '{folder.name}' is not installed; run `scholiast models pull {folder.name}`."
            )
        torch.set_num_threads(threads)
        # a service has no terminal to draw on (transformers leaves the function unannotated)
        disable_progress_bar()  # type: ignore[no-untyped-call]
        self._model = SentenceTransformer(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"dtype": fastest_dtype(), "use_safetensors": True},
        )
        self._lock = threading.Lock()
        self.model_id = f"{folder.name}@{_weights_sha256(folder)[:16]}"
        self.dimension: int = self._model.get_embedding_dimension() or 0
        self.max_tokens: int = self._model.max_seq_length or 512

    def embed_query(self, query: str) -> NDArray[np.float32]:
        """The unit vector [dimension] of a query."""
        vector: NDArray[np.float32] = self._encode([query], "query")[0]
        return vector

    def embed_passages(self, passages: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [passages, dimension]; texts beyond the model's length are cut at its end."""
        return self._encode(passages, "passage")

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the special ones."""
        with self._lock:
            encoded = self._model.tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def _encode(self, texts: Sequence[str], prompt: str) -> NDArray[np.float32]:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock:
            # sentence-transformers sorts by length itself, so short texts are not padded to long ones
            vectors = self._model.encode(
                list(texts),
                prompt_name=prompt if prompt in self._model.prompts else None,
                batch_size=BATCH_SIZE,
                normalize_embeddings=True,
                convert_to_numpy=False,
                show_progress_bar=False,
            )
        matrix: NDArray[np.float32] = torch.stack(list(vectors)).float().numpy()
        # bfloat16 rounds the length too; cosines are inner products only of true unit vectors
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
        return matrix


def fastest_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it natively, float32 elsewhere (there bfloat16 is emulated, slowly)."""
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if native else torch.float32


def _weights_sha256(folder: Path) -> str:
    """Identifies the weights: from the manifest that installing wrote, else by reading the files."""
    manifest = folder / "manifest.json"
    if manifest.exists():
        files = json.loads(manifest.read_text())["files"]
        return hashlib.sha256(
            "".join(sorted(entry["sha256"] for name, entry in files.items() if name.endswith(".safetensors"))).encode()
        ).hexdigest()
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
