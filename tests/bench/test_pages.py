import json
from pathlib import Path

import pytest

from app.settings import Settings
from bench.pages import Asked, _rows, read, run
from retrieval.errors import InvalidRequest
from retrieval.types import Chunk

NAMES = ["2022 Q3 AAPL.pdf", "2023 Q1 AAPL.pdf", "2023 Q1 MSFT.pdf"]


def chunk(document: str, page: int) -> Chunk:
    return Chunk(page, f"{document}-{page}", document, document, "text", 0, 4, page, (), 0)


def test_questions_know_their_documents_by_name_or_pattern_and_their_pages_from_one(tmp_path: Path) -> None:
    rows = [
        {"question": "a", "doc": "2023 Q1 MSFT.pdf", "evidence": [{"page0": 4}]},
        {"question": "b", "source_docs": "*AAPL*"},
        {"question": "c", "source_docs": "*2022 Q3*, *MSFT*"},
        {"question": "d", "doc": "missing.pdf", "evidence": []},
    ]
    (tmp_path / "qna.jsonl").write_text("\n".join(map(json.dumps, rows)))
    asked = {one.question: one for one in read(tmp_path / "qna.jsonl", NAMES)}
    assert asked.keys() == {"a", "b", "c"}
    assert asked["a"].pages == {("2023 Q1 MSFT.pdf", 5)}
    assert asked["b"].documents == {"2022 Q3 AAPL.pdf", "2023 Q1 AAPL.pdf"}
    assert asked["c"].documents == {"2022 Q3 AAPL.pdf", "2023 Q1 MSFT.pdf"}
    assert not asked["b"].pages


def test_a_page_counts_only_in_its_own_document_and_only_up_to_the_cut() -> None:
    asked = [
        Asked("found", frozenset({"a.pdf"}), frozenset({("a.pdf", 3)})),
        Asked("elsewhere", frozenset({"a.pdf"}), frozenset({("a.pdf", 9)})),
        Asked("no page known", frozenset({"b.pdf"}), frozenset()),
    ]
    found = [chunk("b.pdf", 3), chunk("b.pdf", 9), chunk("a.pdf", 3)]
    figures = {row.metric: row.value for row in _rows("system", "set", lambda _question: found, asked)}
    assert figures["document@1"] == pytest.approx(1 / 3)
    assert figures["document@5"] == 1
    assert (figures["page@1"], figures["page@5"]) == (0, 0.5)


def test_a_folder_without_questions_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="qna.jsonl"):
        run(Settings(), tmp_path)
