"""What may stand for a chunk in the dense index beside its own text."""

from typing import Literal, get_args

# text: the chunk under its headings; summary: its central sentences; keywords: its rare terms and names;
# title: the document's title and the heading path.
RepresentationKind = Literal["text", "summary", "keywords", "title"]
KINDS: tuple[RepresentationKind, ...] = get_args(RepresentationKind)

# The RAPTOR tree over the chunks of a document: a source of candidates of its own.
TREE = "tree"
RepresentationName = Literal[RepresentationKind, "tree"]
# Nothing else gained on data with labels (docs/decisions.md), so nothing else is made unless a collection asks for it.
MADE_BY_DEFAULT: frozenset[RepresentationName] = frozenset({"text"})

TreeSearch = Literal["collapsed", "traversal"]
