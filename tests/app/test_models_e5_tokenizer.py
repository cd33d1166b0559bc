"""The tokenizer normalises as the character map says and as NFKC does elsewhere."""

import pytest
from tokenizers import Tokenizer

from app.models.e5_tokenizer import build_tokenizer
from app.models.packed_e5 import read_packed_encoder
from tests.app.models_packed import packed_tiny_encoder


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    built: Tokenizer = build_tokenizer(read_packed_encoder(packed_tiny_encoder()).vocabulary)
    return Tokenizer.from_str(built.to_str())  # what a saved file gives


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("hello world", ["▁hello", "▁world"]),
        ("  hello \n\n world\u200b ", ["▁hello", "▁world"]),
        ("hel\x07lo", ["▁hello"]),
        ("ｈｅｌｌｏ", ["▁hello"]),
        ("hello½", ["▁hello", "1", "⁄", "2"]),
        ("helloe\u0301", ["▁hello", "é"]),
        ("hello～~", ["▁hello", "～", "~"]),
        ("猫", ["▁", "猫"]),
        ("hello犬鳥", ["▁hello", "<unk>"]),
        ("", []),
    ],
    ids=["words", "spaces", "control", "full width", "mapped", "composed", "kept", "Chinese", "unknown", "empty"],
)
def test_a_text_is_split_into_pieces(tokenizer: Tokenizer, text: str, pieces: list[str]) -> None:
    ids = tokenizer.encode(text).ids
    assert [tokenizer.id_to_token(token) for token in ids] == ["<s>", *pieces, "</s>"]


def test_pieces_decode_to_the_text(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode(tokenizer.encode("query: hello world").ids) == "query: hello world"
