import json
from pathlib import Path

import pytest

from bench.claim_examples import claim_of, constructed

TITLES = ("Rhine", "Danube")


@pytest.mark.parametrize(
    ("question", "answer", "claim"),
    [
        ("Where does the Rhine end?", "the North Sea", "the North Sea does the Rhine end."),
        ("The Rhine ends in which sea?", "the North Sea", "The Rhine ends the North Sea sea."),
        ("范廷颂是什么时候被任为主教的？", "1963年", "范廷颂1963年被任为主教的."),
        ("Is it long?", "yes", "yes: Is it long"),
    ],
)
def test_a_question_becomes_a_claim_with_the_answer_in_place_of_its_question_word(
    question: str, answer: str, claim: str
) -> None:
    assert claim_of(question, answer) == claim


def test_supported_claims_come_with_their_passage_and_faults_never_with_the_right_answer(tmp_path: Path) -> None:
    texts = {
        "p0": "The Rhine is 1230 km long. It was surveyed by Anna Berg in the city of Basel.",
        "p1": "The Rhine ends in the North Sea. Its delta is near Rotterdam, a port.",
        "p2": "The Danube is 2850 km long. It passes through ten countries, more than any other.",
    }
    asked = [
        ("q0", "How long is the Rhine?", "1230 km", "p0"),
        ("q1", "Who surveyed the Rhine?", "Anna Berg", "p0"),
        ("q2", "Where does the Rhine end?", "the North Sea", "p1"),
        ("q3", "How long is the Danube?", "2850 km", "p2"),
    ]
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "train.tsv").write_text(
        "query-id\tcorpus-id\tscore\n" + "".join(f"{query}\t{passage}\t1\n" for query, _, _, passage in asked)
    )
    (tmp_path / "corpus.jsonl").write_text(
        "\n".join(json.dumps({"_id": key, "title": text.split()[1], "text": text}) for key, text in texts.items())
    )
    (tmp_path / "queries.jsonl").write_text(
        "\n".join(
            json.dumps({"_id": query, "text": text, "metadata": {"answers": [answer], "split": "train"}})
            for query, text, answer, _ in asked
        )
    )
    examples = constructed(tmp_path, "train", 10)
    assert {example.kind for example in examples} >= {"supported", "other passages", "number", "negation"}
    for example in examples:
        shown = {hit.chunk.id for hit in example.passages}
        assert example.supported == (example.kind == "supported")
        if example.supported:
            assert example.gold in shown
        if example.kind == "other passages":
            right = {key for key, text in texts.items() if example.claim.split(" km")[0].split()[-1] in text}
            assert not (right & shown) or "km" not in example.claim
    assert constructed(tmp_path, "train", 10) == examples
