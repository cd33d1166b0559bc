"""What sources are called, in requests and in traces."""

from typing import Literal, get_args

SourceName = Literal["documents", "tables", "graph"]
RouteName = Literal["auto", SourceName]
SOURCES: tuple[SourceName, ...] = get_args(SourceName)
