"""Keywords of chunks."""

from ingest.keywords import keywords

TEXTS = [
    "The ferry to Havnby leaves at seven. The ferry takes bicycles. The timetable is here.",
    "The library in Havnby opens at nine. The library lends tools. The timetable is here.",
    "渡轮从港口出发。渡轮可以带自行车。",
]


def test_what_tells_a_chunk_from_its_neighbours_comes_first_as_it_is_written() -> None:
    ferry, library, chinese = keywords(TEXTS)
    assert ferry[0] == "ferry"
    assert library[0] == "library"
    assert "timetable" not in ferry[:3]
    assert any("渡轮" in word for word in chinese)


def test_a_text_without_words_has_none() -> None:
    assert keywords(["…", "12"]) == [[], []]
