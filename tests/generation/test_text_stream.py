import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE

from generation.text_stream import TextStream

# One token a byte, so that most characters take several.
_BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())
BYTE_TOKENIZER = Tokenizer(BPE(vocab={character: number for number, character in enumerate(_BYTES)}, merges=[]))
BYTE_TOKENIZER.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
BYTE_TOKENIZER.decoder = decoders.ByteLevel()


def pieces(text: str, stop: tuple[str, ...] = ()) -> tuple[list[str], TextStream]:
    stream = TextStream(BYTE_TOKENIZER, stop)
    fed = []
    for token in BYTE_TOKENIZER.encode(text).ids:
        fed.append(stream.feed(token))
        if stream.stopped:
            break
    return [*fed, stream.finish()], stream


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), max_size=20))
def test_every_piece_is_whole_characters_and_together_they_are_the_text(text: str) -> None:
    fed, _ = pieces(text)
    assert "".join(fed) == text
    assert "\ufffd" not in "".join(fed)


def test_half_a_character_at_the_end_is_not_shown() -> None:
    stream = TextStream(BYTE_TOKENIZER, ())
    shown = "".join(stream.feed(token) for token in BYTE_TOKENIZER.encode("好").ids[:2])
    assert shown + stream.finish() == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("An answer.\nQuestion: next", "An answer."),
        ("句。问题：又", "句。"),
        ("\nQuest", "\nQuest"),
        ("a\n\nQuestion:b", "a\n"),
    ],
)
def test_nothing_from_a_stop_string_on_is_shown(text: str, shown: str) -> None:
    fed, stream = pieces(text, ("\nQuestion:", "问题："))
    assert "".join(fed) == shown
    assert stream.stopped == (shown != text)


def test_the_first_of_several_stop_strings_counts() -> None:
    assert "".join(pieces("one STOP two END", ("END", "STOP", ""))[0]) == "one "
