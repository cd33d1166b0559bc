"""The embedder: reads a sentence-transformers folder (encoder, mean or first-token pooling, unit length) and runs it.

The sentence-transformers library is not imported, nor is transformers for BERT models: with all that stands behind
them they cost each process five seconds at every start. Knows nothing of chunks or queries beyond the prompts the model
wants before each.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from tokenizers import Encoding, Tokenizer

from retrieval.bert_encoder import BertEncoder
from retrieval.errors import ModelUnavailable
from retrieval.fastest_dtype import fastest_dtype
from retrieval.types import Json

# Texts a batch: larger batches gain nothing and cost memory.
BATCH_SIZE = 16
_DEFAULT_MAX_TOKENS = 512
# Tokens. Each size of a product is prepared, and what was prepared kept, by the library that computes it: with batches
# of any length a worker grew by 160 MB over its first thousands of documents.
PADDED_TO = 8
# A hundred bytes a token, and a lock that others wait for: the sentences of a large document are not counted in one go.
COUNTED_AT_ONCE = 1_024
# Fewer texts are counted sooner than the threads that would share them have woken.
COUNTED_SIDE_BY_SIDE = 32
REMEMBERED_QUERIES = 256

# (padded token ids [texts, longest], their lengths) -> token vectors [texts, longest, dimension]
TokenEncoder = Callable[[torch.Tensor, Sequence[int]], torch.Tensor]
Pooling = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
# (token vectors [batch, tokens, dimension], mask [batch, tokens]) -> [batch, dimension]
POOLINGS: dict[str, Pooling] = {
    "pooling_mode_mean_tokens": lambda tokens, mask: (
        (tokens * mask.unsqueeze(-1)).sum(dim=1) / mask.sum(dim=1, keepdim=True)
    ),
    "pooling_mode_cls_token": lambda tokens, mask: tokens[:, 0],
}


class SentenceEmbedder:
    """One loaded model, with threads of its own. Safe to call from several others.

    A call that is begun while another computes keeps those threads busy that have nothing left to do for the first.
    """

    def __init__(self, folder: Path, threads: int, dtype: torch.dtype | None = None) -> None:
        """Loads the model, in the fastest number format unless told otherwise.

        Raises `ModelUnavailable` if the folder holds none that can be used.
        """
        if not (folder / "modules.json").exists():
            raise ModelUnavailable(
                f"The embedding model '{folder.name}' is not installed; run `scholiast models pull {folder.name}`."
            )
        self._threads = threads
        self._pool = pool_of_single_threads(threads)
        settings = _read(folder / "sentence_bert_config.json")
        self._pooling = _pooling(folder)
        self._prompts: dict[str, str] = _read(folder / "config_sentence_transformers.json").get("prompts") or {}
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._encode_tokens, self.dimension = encoder_of(folder, dtype or fastest_dtype(), settings)
        self._tokenizing = threading.Lock()
        # An answer embeds its question once for the search and once for its quotes, and people ask again.
        self._recent: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._remembering = threading.Lock()
        self.model_id = f"{folder.name}@{weights_sha256(folder)[:16]}"
        self.max_tokens: int = settings.get("max_seq_length") or _DEFAULT_MAX_TOKENS

    @property
    def encoder(self) -> BertEncoder | None:
        """What computes its token vectors, for others that need the same weights; None for models of other kinds."""
        return self._encode_tokens if isinstance(self._encode_tokens, BertEncoder) else None

    def embed_query(self, query: str) -> NDArray[np.float32]:
        """The unit vector [dimension] of a query; the latest queries are remembered."""
        with self._remembering:
            if query in self._recent:
                self._recent.move_to_end(query)
                return self._recent[query]
        vector: NDArray[np.float32] = self._encode([query], "query")[0]
        vector.flags.writeable = False  # it is shared from here on
        with self._remembering:
            self._recent[query] = vector
            while len(self._recent) > REMEMBERED_QUERIES:
                self._recent.popitem(last=False)
        return vector

    def embed_queries(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [queries, dimension]; for many at once, of which none is remembered."""
        return self._encode(queries, "query")

    def embed_passages(self, passages: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [passages, dimension]; texts beyond the model's length are cut at its end."""
        return self._encode(passages, "passage")

    def token_vectors(self, texts: Sequence[str], prompt: str) -> list[NDArray[np.float32]]:
        """Unit vectors [tokens, dimension] of each text's own tokens, as they are in a `query` or a `passage`."""
        prefix = self._prompts.get(prompt, "")
        with self._tokenizing:
            self._tokenizer.enable_truncation(self.max_tokens)
            encoded = self._tokenizer.encode_batch([prefix + text for text in texts])
        batches = [encoded[start : start + BATCH_SIZE] for start in range(0, len(encoded), BATCH_SIZE)]
        made = list(self._pool.map(self._token_forward, [[item.ids for item in batch] for batch in batches]))
        every = [vectors for batch in made for vectors in batch]
        return [
            vectors[(np.array(item.offsets)[:, 1] > len(prefix)) & (np.array(item.special_tokens_mask) == 0)]
            for item, vectors in zip(encoded, every, strict=True)
        ]

    def encode(self, text: str) -> Encoding:
        """All tokens of a text with their places, without special ones, for others that read with this vocabulary."""
        with self._tokenizing:
            self._tokenizer.no_truncation()
            return self._tokenizer.encode(text, add_special_tokens=False)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the special ones."""
        counts: list[int] = []
        for start in range(0, len(texts), COUNTED_AT_ONCE):
            piece = list(texts[start : start + COUNTED_AT_ONCE])
            with self._tokenizing:
                self._tokenizer.no_truncation()
                if len(piece) < COUNTED_SIDE_BY_SIDE:
                    encoded = [self._tokenizer.encode(text, add_special_tokens=False) for text in piece]
                else:
                    encoded = self._tokenizer.encode_batch_fast(piece, add_special_tokens=False)
            counts += [len(encoding) for encoding in encoded]
        return counts

    def _encode(self, texts: Sequence[str], prompt: str) -> NDArray[np.float32]:
        prefix = self._prompts.get(prompt, "")
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        with self._tokenizing:
            self._tokenizer.enable_truncation(self.max_tokens)
            ids = [encoding.ids for encoding in self._tokenizer.encode_batch([prefix + text for text in texts])]
        # Texts of one length share a batch, so that short ones are not padded to long ones.
        order = sorted(range(len(ids)), key=lambda position: -len(ids[position]))
        size = max(1, min(BATCH_SIZE, -(-len(order) // self._threads)))
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        made = self._pool.map(self._forward, [[ids[position] for position in batch] for batch in batches])
        for batch, found in zip(batches, made, strict=True):
            vectors[batch] = found
        return vectors

    @torch.inference_mode()
    def _token_forward(self, ids: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        tokens, lengths = padded(ids, self.max_tokens)
        unit = torch.nn.functional.normalize(self._encode_tokens(tokens, lengths).float(), dim=2).numpy()
        return [vectors[:length] for vectors, length in zip(unit, lengths, strict=True)]

    @torch.inference_mode()
    def _forward(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        tokens, lengths = padded(ids, self.max_tokens)
        # float32 from here on: bfloat16 would round the length, and cosines are inner products only of unit vectors
        hidden = self._encode_tokens(tokens, lengths).float()
        pooled = self._pooling(hidden, _mask(tokens, lengths).float())
        unit: NDArray[np.float32] = torch.nn.functional.normalize(pooled, dim=1).numpy()
        return unit


def padded(ids: Sequence[Sequence[int]], most: int, padding: int = 0) -> tuple[torch.Tensor, list[int]]:
    """Token ids as one tensor [texts, longest], and their lengths.

    Several texts end at a multiple of `PADDED_TO`, or at the `most` tokens that the model has positions for.
    """
    lengths = [len(sequence) for sequence in ids]
    longest = max(lengths)
    if len(ids) > 1:
        longest = min(-(-longest // PADDED_TO) * PADDED_TO, most)
    tokens = torch.full((len(ids), longest), padding, dtype=torch.long)
    for row, sequence in enumerate(ids):
        tokens[row, : len(sequence)] = torch.tensor(sequence)
    return tokens, lengths


def pool_of_single_threads(threads: int) -> ThreadPoolExecutor:
    """Threads each of which computes batches of its own, alone.

    Where all threads share every product of one batch, each waits for the slowest some hundred times a batch: batches
    side by side take half to two thirds of the time. A query, which is one batch, is not held up by a busy second core
    either.
    """
    all_started = threading.Barrier(threads + 1)

    def compute_alone() -> None:
        # A thread that has not looked yet takes over, at its first product, the number that any thread set last.
        torch.get_num_threads()
        torch.set_num_threads(1)
        all_started.wait()

    pool = ThreadPoolExecutor(threads, "embedder", initializer=compute_alone)
    for _ in range(threads):
        pool.submit(int)  # a thread starts with its first task, and only if no other is idle
    all_started.wait()
    torch.set_num_threads(threads)  # for the threads of others that start from now on
    return pool


def encoder_of(folder: Path, dtype: torch.dtype, settings: Json) -> tuple[TokenEncoder, int]:
    """What computes token vectors, and their dimension. Raises `ModelUnavailable` if the folder cannot be read."""
    try:
        encoder = BertEncoder.read(folder, dtype)
        return (encoder, encoder.width) if encoder is not None else general_encoder(folder, dtype, settings)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelUnavailable(
            f"The embedding model '{folder.name}' cannot be read; run `scholiast models pull {folder.name}` to "
            "install it anew."
        ) from error


def general_encoder(folder: Path, dtype: torch.dtype, settings: Json) -> tuple[TokenEncoder, int]:
    """The forward pass of any encoder that transformers knows, and the dimension of its vectors."""
    from transformers import AutoModel  # noqa: PLC0415 - seconds to import, and the default model needs none of it
    from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415

    # a service has no terminal to draw on (transformers leaves the function unannotated)
    disable_progress_bar()  # type: ignore[no-untyped-call]
    model = AutoModel.from_pretrained(
        folder,
        dtype=dtype,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        **settings.get("model_args", {}),
    ).eval()

    def encode(tokens: torch.Tensor, lengths: Sequence[int]) -> torch.Tensor:
        hidden: torch.Tensor = model(input_ids=tokens, attention_mask=_mask(tokens, lengths)).last_hidden_state
        return hidden

    return encode, model.config.hidden_size


def _mask(tokens: torch.Tensor, lengths: Sequence[int]) -> torch.Tensor:
    """1 where a text has a token [texts, longest], 0 where it is padded."""
    return (torch.arange(tokens.shape[1]) < torch.tensor(lengths).unsqueeze(1)).long()


def _pooling(folder: Path) -> Pooling:
    """The folder's way from token vectors to one vector; raises `ModelUnavailable` for ways that are not known here."""
    modules = {module["type"].rsplit(".", 1)[-1]: module["path"] for module in _read(folder / "modules.json")}
    if unknown := sorted(modules.keys() - {"Transformer", "Pooling", "Normalize"}):
        raise ModelUnavailable(
            f"The embedding model '{folder.name}' needs {', '.join(unknown)}, which is not supported; choose a model "
            "of an encoder with mean or first-token pooling."
        )
    settings = _read(folder / modules["Pooling"] / "config.json")
    names = [name for name, active in settings.items() if name.startswith("pooling_mode_") and active]
    if len(names) != 1 or names[0] not in POOLINGS:
        raise ModelUnavailable(f"The embedding model '{folder.name}' pools by {names}; known are {sorted(POOLINGS)}.")
    return POOLINGS[names[0]]


def _read(path: Path) -> Json:
    return json.loads(path.read_text()) if path.exists() else {}


def weights_sha256(folder: Path) -> str:
    """Identifies the weights: from the manifest that installing wrote, else by reading the files."""
    files = _read(folder / "manifest.json").get("files", {})
    listed = sorted(entry["sha256"] for name, entry in files.items() if name.endswith(".safetensors"))
    if listed:
        return hashlib.sha256("".join(listed).encode()).hexdigest()
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
