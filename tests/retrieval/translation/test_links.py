"""Which passages a text names, and where they go."""

from retrieval.ranking import Ranked
from retrieval.store import chunks
from retrieval.translation.links import list_of, named, with_linked
from retrieval.translation.looking import Link
from retrieval.translation.names import name_spans
from tests.fakes import Library


def linked(library: Library, text: str, *other_than: str) -> list[str]:
    """The names of the documents that the text names, in its order."""
    snapshot = library.snapshots().latest("default")
    keys = named(text, snapshot, snapshot.alive, library.embedder.embed_query(text), other_than)
    with library.database.read() as connection:
        found = chunks.visible(connection, keys)
    return [found[key].document for key in keys]


def test_documents_are_named_by_their_whole_name_in_the_order_of_the_text(library: Library) -> None:
    for name in ("Ann Lee.txt", "Ann.txt", "Lee Marsh.txt", "notes.txt", "Red Dawn.txt"):
        library.add(f"Something about {name[:-4]} here.", name=name)
    text = "The film Red Dawn, with notes, was made by Ann Lee and others."
    assert linked(library, text) == ["Red Dawn.txt", "Ann Lee.txt", "Ann.txt"]
    assert linked(library, text, "red", "dawn") == ["Ann Lee.txt", "Ann.txt"]


def test_of_chunks_with_one_name_the_nearest_is_taken(library: Library) -> None:
    library.add("Ships pass here.", name="Cape Horn.txt")
    library.add("Storms sink ships at the cape in winter.", name="Cape Horn.md")
    assert linked(library, "Storms in winter at Cape Horn") == ["Cape Horn.md"]


def test_a_text_without_names_leads_nowhere(library: Library) -> None:
    library.add("Bread needs flour.", name="bread.txt")
    assert linked(library, "the bread is fresh") == []
    assert linked(library, "") == []


def test_names_are_runs_of_capitalised_words_and_what_stands_in_marks() -> None:
    text = "It was led by Ludwig van Beethoven in St. Pölten, after 《红楼梦》 and the U.S. Army."
    names = [text[start:end] for start, end in name_spans(text)]
    assert "Ludwig van Beethoven in St. Pölten" in names
    assert "红楼梦" in names


def test_a_linked_passage_stands_after_the_one_that_names_it_unless_it_is_above() -> None:
    ranked = [Ranked(key, 10.0 - key) for key in (1, 2, 3, 4)]
    found = with_linked(ranked, [Link(2, 4), Link(2, 9), Link(3, 1), Link(9, 8), Link(8, 9)])
    assert [item.key for item in found] == [1, 2, 4, 9, 8, 3]
    assert found[3].score == found[1].score
    assert with_linked(ranked, []) == ranked


def test_links_are_a_list_of_their_own_only_where_there_are_any() -> None:
    assert list_of([]) == {}
    assert list_of([Link(1, 5), Link(2, 5), Link(2, 6)])["link"].keys == [5, 6]
