import pytest

from generation.repetition import RepetitionGuard


def passed(text: str, size: int = 4) -> tuple[str, bool]:
    guard = RepetitionGuard()
    shown = "".join(guard.feed(text[start : start + size]) for start in range(0, len(text), size))
    return shown + guard.finish(), guard.looping


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "The cat sat on the mat. The dog ran. The cat sat on the mat. The dog ran.",
            "The cat sat on the mat. The dog ran. ",
        ),
        ("The cat sat on the mat [1]. The cat sat on the mat [2]. The", "The cat sat on the mat [1]. "),
        ("The cat sat on the mat. The cat sat on", "The cat sat on the mat. "),
        ("苹果是红色的。苹果是红色的。苹果", "苹果是红色的。"),
    ],
)
def test_a_repeated_sentence_is_never_shown(text: str, shown: str, size: int) -> None:
    assert passed(text, size) == (shown, True)


@pytest.mark.parametrize("text", ["and the red one, " * 30, "very " * 60, "哈" * 60])
def test_a_phrase_that_comes_again_and_again_ends_the_text(text: str) -> None:
    shown, looping = passed(text)
    assert looping
    assert len(shown) < len(text) / 4


@pytest.mark.parametrize(
    "text",
    [
        "The cat sat on the mat. The cat sat on the bed. The dog sat on the mat.",
        "Yes. Yes. No, no, no, it was 10, 10 and 10.",
        "1. Red is a colour.\n2. Blue is a colour.\n3. Green is a colour.",
        "Row, row, row your boat. 红色，红色，红色。",
    ],
)
def test_text_that_only_resembles_itself_passes_whole(text: str) -> None:
    assert passed(text) == (text, False)
