"""The questions of our own that SQL and filters are measured on."""

import json
from collections import Counter

from bench import filters, graph, sql


def test_a_third_of_the_questions_is_held_out() -> None:
    for path, least in ((sql.QUESTIONS, 150), (filters.QUESTIONS, 200)):
        entries = [json.loads(line) for line in path.read_text().splitlines()]
        parts = Counter(entry["part"] for entry in entries)
        assert set(parts) == {"tuned", "held out"}
        assert sum(parts.values()) >= least
        assert 0.3 < parts["held out"] / len(entries) < 0.37
        assert len({(entry["question"], entry.get("schema")) for entry in entries}) == len(entries)


def test_half_of_the_questions_to_the_graph_is_held_out() -> None:
    entries = graph.entries()
    parts = Counter(entry["part"] for entry in entries)
    assert set(parts) == {"tuned", "held out"}
    assert sum("answer" in entry for entry in entries) >= 100
    assert 0.45 < parts["held out"] / len(entries) < 0.55
    assert len({entry["question"] for entry in entries}) == len(entries)


def test_filters_stay_as_exact_as_they_were() -> None:
    report = filters.run()
    figures = {(row.data, row.metric): row.value for row in report.rows}
    assert figures["tuned", "exact"] >= 0.95
    assert figures["held out", "exact"] >= 0.85
    assert figures["tuned", "harmful"] <= 0.02
