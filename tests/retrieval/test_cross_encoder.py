"""The last stage: scripted models show the order and the clock, a tiny real one that folders are read."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification

from retrieval.cross_encoder import CrossEncoder, read_again
from retrieval.errors import ModelUnavailable
from retrieval.last_looks import TimedScorer
from retrieval.pipeline import Retriever
from retrieval.ranking import Ranked
from retrieval.types import SearchRequest
from tests.fakes import Library, scripted_ranker

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "where", "harbour", "crane", "ship"]


@dataclass
class Scripted:
    """Scores a passage by the number in it; every pair takes so many seconds of its own clock."""

    seconds: float = 0.0
    now: float = 0.0
    name: str = "scripted"
    read: list[str] = field(default_factory=list)

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float64]:
        self.read += passages
        self.now += self.seconds * len(passages)
        return np.array([float("".join(filter(str.isdigit, text)) or 0) for text in passages])


RANKED = [Ranked(key, -float(key)) for key in range(10)]
TEXTS = {key: str(key) for key in range(10)}


def keys(ranked: Sequence[Ranked]) -> list[int]:
    return [item.key for item in ranked]


def test_the_model_orders_what_it_reads_and_the_rest_keeps_its_order() -> None:
    found, read = read_again(Scripted(), "q", RANKED, {key: TEXTS[key] for key in (0, 1, 2, 3, 4)}, 1000)
    assert (keys(found), read) == ([4, 3, 2, 1, 0, 5, 6, 7, 8, 9], 5)


def test_it_stops_before_the_time_would_be_exceeded() -> None:
    model = Scripted(seconds=0.01)
    found, read = read_again(model, "q", RANKED, TEXTS, 85, clock=lambda: model.now)
    assert model.now <= 0.085
    assert (keys(found), read) == ([7, 6, 5, 4, 3, 2, 1, 0, 8, 9], 8)


def test_without_candidates_nothing_is_read() -> None:
    assert read_again(Scripted(), "q", [], {}, 100) == ([], 0)


def search(library: Library, request: SearchRequest, look: TimedScorer | None) -> tuple[list[str], dict[str, object]]:
    embedders = {library.embedder.model_id: library.embedder}
    retriever = Retriever(library.database, library.snapshots(), embedders, scripted_ranker(), last_look=look)
    result = retriever.search(request)
    entry = next(stage for stage in result.trace.stages if stage.stage == "cross_encoder")
    return [hit.chunk.text for hit in result.hits], {"skipped": entry.skipped, **entry.details}


def test_a_search_that_asks_for_it_gets_its_order_and_the_trace_says_how_far_it_came(library: Library) -> None:
    for number in range(9):
        library.add(f"Harbour crane {number}")
    request = SearchRequest("harbour crane", "default", 9, cross_encoder=6)
    before, skipped = search(library, replace(request, cross_encoder=0), TimedScorer(Scripted, 1000))
    assert skipped["skipped"] == "the request does not ask for it"
    found, told = search(library, request, TimedScorer(Scripted, 1000))
    assert found == [*sorted(before[:6], reverse=True), *before[6:]]
    assert (told["read"], told["wanted"], told["model"]) == (6, 6, "scripted")
    _, cut = search(library, request, TimedScorer(Scripted, 0))
    assert (cut["read"], cut["wanted"]) == (4, 6)
    same, told = search(library, request, None)
    assert same == before
    assert "SCHOLIAST_CROSS_ENCODER_MODEL" in str(told["skipped"])


def write(folder: Path, labels: int) -> BertForSequenceClassification:
    torch.manual_seed(0)
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)]
    )
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(vocab_size=len(WORDS), max_position_embeddings=40, num_labels=labels, **sizes)
    model = BertForSequenceClassification(config).eval()
    model.save_pretrained(folder)
    return model


@pytest.mark.parametrize("labels", [1, 2])
def test_a_folder_is_read_and_scored_as_transformers_does(tmp_path: Path, labels: int) -> None:
    model = write(tmp_path / "pairs", labels)
    encoder = CrossEncoder(tmp_path / "pairs", torch.float32)
    found = encoder.score("where ship", ["harbour", "crane " * 100, "crane ship"])
    ids, types = torch.tensor([[2, 4, 7, 3, 5, 3]]), torch.tensor([[0, 0, 0, 0, 1, 1]])
    with torch.inference_mode():
        logits = model(input_ids=ids, token_type_ids=types).logits[0]
    assert found[0] == pytest.approx(float(logits[-1] - (logits[0] if labels == 2 else 0)), abs=1e-5)
    assert np.isfinite(found).all()
    assert np.isfinite(encoder.score("ship " * 1000, ["crane"])).all()


def test_what_cannot_be_used_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        CrossEncoder(tmp_path / "nothing")
    write(tmp_path / "three", 3)
    with pytest.raises(ModelUnavailable, match="3 labels"):
        CrossEncoder(tmp_path / "three")
