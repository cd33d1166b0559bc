"""Samples of corpora keep what the chosen queries are judged on."""

from bench.corpora import Corpus, Passage, sample


def corpus() -> Corpus:
    passages = [Passage(f"p{number}", "", f"Text {number}.") for number in range(50)]
    queries = {f"q{number}": f"Question {number}?" for number in range(10)}
    return Corpus("c", passages, queries, {f"q{number}": {f"p{number * 2}": 1} for number in range(10)})


def test_a_sample_has_the_judged_passages_and_others_up_to_the_number() -> None:
    found = sample(corpus(), queries=4, passages=20)
    ids = {passage.id for passage in found.passages}
    assert len(found.queries) == len(found.judgements) == 4
    assert len(ids) == 20
    assert all(set(grades) <= ids for grades in found.judgements.values())


def test_judged_passages_are_kept_even_beyond_the_number_and_samples_repeat() -> None:
    assert len(sample(corpus(), queries=10, passages=3).passages) == 10
    assert sample(corpus(), 5, 12) == sample(corpus(), 5, 12)
