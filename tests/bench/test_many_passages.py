"""Texts of any length become pieces as long as chunks, without a word lost."""

import json
from pathlib import Path

import pytest

from bench import many_passages
from bench.corpora import Corpus, Passage
from retrieval.errors import InvalidRequest


def test_a_long_passage_is_cut_between_sentences_and_nothing_is_lost() -> None:
    sentences = [f"Sentence {number} says something about harbours and cranes." for number in range(60)]
    found = list(many_passages.pieces(Passage("p", "Harbours", " ".join(sentences))))
    assert len(found) > 2
    assert all(len(piece.text) <= 900 for piece in found)
    assert " ".join(piece.text for piece in found) == " ".join(sentences)
    assert {(piece.passage_id, piece.title) for piece in found} == {("p", "Harbours")}


def test_chinese_is_cut_at_its_own_full_stops() -> None:
    found = list(many_passages.pieces(Passage("p", "", "图书馆每周一闭馆，周末延长开放时间。" * 40)))
    assert len(found) > 1
    assert all(piece.text.endswith("。") and len(piece.text) <= 320 for piece in found)


def test_judged_passages_come_first_and_others_fill_up_to_the_number(tmp_path: Path) -> None:
    lines = [json.dumps({"_id": f"o{number}", "text": f"Other text {number}."}) for number in range(20)]
    (tmp_path / "texts.jsonl").write_text("\n".join(lines))
    judged = Corpus("judged", [Passage("j1", "", "A judged text."), Passage("j2", "", "Another.")], {}, {})
    found = many_passages.load([tmp_path], 10, [judged])
    assert [piece.passage_id for piece in found[:2]] == ["j1", "j2"]
    assert len({piece.passage_id for piece in found}) == 10
    with pytest.raises(InvalidRequest, match="22"):
        many_passages.load([tmp_path], 23, [judged])
