"""Which entities of a collection are one."""

from itertools import permutations

from retrieval.graph.names import normal_name
from retrieval.graph.resolution import Named, resolve


def named(key: int, name: str, kind: str = "person", normal: str | None = None, times: int = 1) -> Named:
    return Named(key, normal or normal_name(name), name, kind, times)


def test_initials_stand_for_the_one_full_name_that_fits() -> None:
    entities, part_of = resolve([named(1, "Siobhan Ekwueme"), named(2, "S. Ekwueme"), named(3, "R. Ekwueme")])
    assert part_of == {1: 1, 2: 1, 3: 3}
    assert [(item.name, item.aliases) for item in entities] == [
        ("Siobhan Ekwueme", ("S. Ekwueme",)),
        ("R. Ekwueme", ()),
    ]


def test_where_two_full_names_fit_none_is_taken() -> None:
    _, part_of = resolve([named(1, "Siobhan Ekwueme"), named(2, "Sarah Ekwueme"), named(3, "S. Ekwueme")])
    assert part_of[3] == 3


def test_an_acronym_that_one_document_explains_is_understood_in_others() -> None:
    found = [
        named(1, "Active Routes Fund", "organisation"),
        named(1, "ARF", "organisation", normal="active routes fund"),
        named(2, "ARF", "thing"),
    ]
    _, part_of = resolve(found)
    assert part_of == {1: 1, 2: 1}
    _, without = resolve([found[0], found[2]])  # the document that explained it is gone
    assert without == {1: 1, 2: 2}


def test_a_first_name_that_one_document_explains_may_be_anybody_in_another() -> None:
    _, part_of = resolve([named(1, "Ivo Brandt"), named(1, "Ivo", normal="ivo brandt"), named(2, "Ivo")])
    assert part_of[2] == 2


def test_the_order_of_documents_does_not_count() -> None:
    found = [named(1, "Siobhan Ekwueme"), named(2, "S. Ekwueme"), named(3, "Ltd Works", "organisation")]
    assert len({str(sorted(resolve(list(order))[1].items())) for order in permutations(found)}) == 1


def test_the_name_shown_is_the_most_frequent_and_the_kind_says_something() -> None:
    found = [named(1, "ALDER YARD", "thing", times=9), named(1, "Alder Yard", "place", times=10)]
    (entity,) = resolve(found)[0]
    assert (entity.name, entity.kind, entity.aliases) == ("Alder Yard", "place", ("ALDER YARD",))
