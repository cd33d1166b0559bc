"""What has to be known of a GGUF file before llama.cpp loads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.errors import ModelUnavailable

# Kinds of token that stand for themselves wherever they are written: control and user-defined.
_SPECIAL_KINDS = (3, 4)


@dataclass(frozen=True, slots=True)
class GgufFile:
    """Its context in tokens and the strings of its special tokens."""

    context_tokens: int
    special_strings: Sequence[str]

    @classmethod
    def read(cls, file: Path) -> "GgufFile":
        """Raises `ModelUnavailable` if it is missing, damaged, or no language model with a chat template."""
        if not file.is_file():
            raise ModelUnavailable(
                f"The generator's GGUF file {file.name} is missing; SCHOLIAST_GENERATOR_MODEL names it, by its path or "
                "its name in the models folder."
            )
        import gguf  # noqa: PLC0415 - half a second to import

        try:
            fields = gguf.GGUFReader(file).fields
            architecture = fields["general.architecture"].contents()
            context = int(fields[f"{architecture}.context_length"].contents())
            kinds = fields["tokenizer.ggml.token_type"]
            names = fields["tokenizer.ggml.tokens"]
            places = [place for place, part in enumerate(kinds.data) if kinds.parts[part][0] in _SPECIAL_KINDS]
            special = [names.contents(place) for place in places]
        except (OSError, ValueError, KeyError, IndexError) as error:
            raise ModelUnavailable(f"{file.name} is no GGUF file of a language model, or it is damaged.") from error
        if "tokenizer.chat_template" not in fields:
            raise ModelUnavailable(f"{file.name} has no chat template; name an instruct model instead.")
        return cls(context, special)
