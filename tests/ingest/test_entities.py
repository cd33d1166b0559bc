"""Names, titles, dates and amounts."""

import pytest

from ingest.entities import COUNT, entities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We met Ludwig van Beethoven at the University of Oslo.", {"Ludwig van Beethoven", "University of Oslo"}),
        ("It needs an RTX 4090 or an iPhone, under ISO 9001.", {"RTX 4090", "iPhone", "ISO 9001"}),
        ("On 5 March 2024 she paid £235 for 12 km of rope.", {"5 March 2024", "£235", "12 km"}),
        ("She read “The Tale of Genji” to Havnby's children.", {"“The Tale of Genji”", "Havnby"}),
        ("The ferry leaves. However, nobody came. Boats wait.", set()),
        ("Havnby is small. People like Havnby.", {"Havnby"}),
        (
            "2024年3月5日，《红楼梦》研究会在北京大学和中国工商银行举行会议，费用为300万元。",
            {"2024年3月5日", "《红楼梦》", "北京大学", "中国工商银行", "300万元"},
        ),
        ("", set()),
    ],
)
def test_what_is_written_like_a_name_a_date_or_an_amount_is_found_and_nothing_else(
    text: str, expected: set[str]
) -> None:
    assert set(entities(text)) == expected


def test_the_most_frequent_come_first_and_a_list_has_an_end() -> None:
    names = [f"Place{letter}" for letter in "ABCDEFGHIJKLMNOPQRST"]
    found = entities(f"We like PlaceT and PlaceT, and {' and '.join(names)}.")
    assert found[0] == "PlaceT"
    assert len(found) == COUNT
