"""What may stand for a chunk in the dense index beside its own text, and who writes it."""

from typing import Literal, get_args

# text: the chunk under its headings; summary: what it says, shorter; keywords: its names, dates and rare terms;
# title: the document's title and the heading path; questions: what it answers. Index files hold positions in this list.
RepresentationKind = Literal["text", "summary", "keywords", "title", "questions"]
KINDS: tuple[RepresentationKind, ...] = get_args(RepresentationKind)

# The RAPTOR tree over the chunks of a document: a source of candidates of its own.
TREE = "tree"
RepresentationName = Literal[RepresentationKind, "tree"]
# Nothing else gained on data with labels (docs/decisions.md), so nothing else is made unless a collection asks for it.
MADE_BY_DEFAULT: frozenset[RepresentationName] = frozenset({"text"})

# Summaries are made of the document's own sentences, or written by the language model.
WriterName = Literal["extractive", "model"]
DEFAULT_WRITER: WriterName = "extractive"
# No sentence of a text asks what the text answers.
WRITTEN_BY_MODEL_ALONE: frozenset[RepresentationName] = frozenset({"questions"})

TreeSearch = Literal["collapsed", "traversal"]
