"""What sources are called, in requests and in traces."""

from typing import Literal, get_args

SourceName = Literal["documents", "tables", "graph"]
RouteName = Literal["auto", SourceName]  # in requests
AnyRouteName = Literal[RouteName, "none"]  # of a kind of question: `none` searches nothing
SOURCES: tuple[SourceName, ...] = get_args(SourceName)
