"""Lets through one reading statement of Cypher over the graph's own tables; refuses everything else.

Every word must be a keyword of reading, a function, label or field that is known to be harmless, or a variable that the
statement itself names. The first of three walls: what it lets through runs on a file that is opened for reading, in a
process that can open no other (`cypher_child.py`). It knows neither the graph nor what the statement is for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.errors import InvalidRequest
from retrieval.store.filters import is_plain

MAX_CHARACTERS = 4_000
MAX_TOKENS = 500
MAX_HOPS = 6  # of a path of variable length
MAX_RELATIONS = 8  # in the patterns of one statement


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


_KEYWORDS = _words(
    "match optional where return with order by skip limit unwind as and or not xor in is null true false distinct asc "
    "ascending desc descending starts ends contains case when then else end shortest"
)
_CLAUSES = _words("match optional unwind with return")
_FUNCTIONS = _words(
    "count sum avg min max collect size length nodes rels lower upper trim substring abs round coalesce label labels "
    "to_int64 to_double list_contains list_distinct list_sort string_split exists all any none single"
)
# They go before brackets, too.
_BEFORE_BRACKETS = _words(
    "match where and or not xor in with return as by unwind when then else case distinct optional on"
)
LABELS = frozenset({"Entity", "Document", "Value", "RELATED", "HAS", "MENTIONED_IN", "REFERS_TO"})
_FIELDS = _words("key name kind aliases id value number relation chunk first last times")
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<string>'[^']*'|\"[^\"]*\")"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]\w))"
    r"|(?P<word>[^\W\d]\w*)"
    r"|(?P<parameter>\$[A-Za-z_]\w*)"
    r"|(?P<mark><>|<=|>=|=~|\.\.|->|<-|[()\[\]{},:.|=<>+\-*/%])"
)
_LONGEST_NUMBER = 15


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a statement; `kind` is string, number, word, parameter or mark."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        """The text as keywords are compared."""
        return self.text.lower()


@dataclass(frozen=True, slots=True)
class CheckedCypher:
    """A statement that may run, and one that gives the relations which its pattern matched, where that can be told."""

    cypher: str
    provenance: str | None


def checked(cypher: str, rows: int) -> CheckedCypher:
    """The statement, if it only reads; raises `InvalidRequest`, whose message says what is not allowed.

    `rows`: how many relations the statement for provenance may give.
    """
    if len(cypher) > MAX_CHARACTERS:
        raise _refused(f"It is longer than {MAX_CHARACTERS:,} characters.")
    if not is_plain(cypher) or "\x00" in cypher:
        raise _refused("It is not valid text.")
    if "\\" in cypher:  # so that nobody has to agree with the engine on where a string ends
        raise _refused("It has a backslash.")
    tokens = _tokens(cypher)
    if not tokens or tokens[0].lower not in _CLAUSES - {"return"}:
        raise _refused("It must begin with MATCH, OPTIONAL MATCH, WITH or UNWIND.")
    if not any(token.lower == "return" and token.kind == "word" for token in tokens):
        raise _refused("It returns nothing.")
    variables = _variables(tokens)
    for place in range(len(tokens)):
        _check(tokens, place, variables)
    _check_paths(tokens)
    return CheckedCypher(cypher.strip(), _provenance(cypher, tokens, rows))


def _tokens(cypher: str) -> Sequence[Token]:
    found: list[Token] = []
    place = 0
    while place < len(cypher):
        match = _TOKEN.match(cypher, place)
        if match is None or cypher.startswith(("//", "/*"), place):
            raise _refused(f"'{cypher[place : place + 2]}' cannot stand there.")
        if match.lastgroup != "space":
            found.append(Token(match.lastgroup or "", match.group(), place, match.end()))
        place = match.end()
    if len(found) > MAX_TOKENS:
        raise _refused("It is too complicated.")
    return found


def _variables(tokens: Sequence[Token]) -> frozenset[str]:
    """The names that the statement gives: of nodes and relations, after AS, of paths, and in the filter of a path."""
    found = set()
    for place, token in enumerate(tokens):
        if token.kind != "word" or token.lower in _KEYWORDS:
            continue
        before, after = _mark(tokens, place - 1), _mark(tokens, place + 1)
        is_item = before in {"(", "["} and after in {")", "]", ":", "{", "*", "", ","}
        is_path = after == "=" and _mark(tokens, place + 2) == "(" and _word(tokens, place - 1) in {"match", ""}
        is_loop = before in {"(", "[", ","} and (_word(tokens, place + 1) == "in" or after == "|")
        if is_item or is_path or is_loop or _word(tokens, place - 1) == "as":
            found.add(token.text)
    return frozenset(found)


def _check(tokens: Sequence[Token], place: int, variables: frozenset[str]) -> None:
    """Raises where a token may not stand in a reading statement."""
    token = tokens[place]
    if token.kind == "number" and len(token.text) > _LONGEST_NUMBER:
        raise _refused("It has a number of too many digits.")
    if token.kind != "word":
        return
    before, after = _mark(tokens, place - 1), _mark(tokens, place + 1)
    if before == ":" or (before == "|" and _opens_relation(tokens, place)):
        if token.text not in LABELS and not _is_map(tokens, place):
            raise _refused(f"There is no label {token.text}; there are {', '.join(sorted(LABELS))}.")
    elif before == ".":
        if token.text not in _FIELDS:
            raise _refused(f"There is no field {token.text}; there are {', '.join(sorted(_FIELDS))}.")
    elif after == "(":
        if token.lower not in _FUNCTIONS | _BEFORE_BRACKETS and token.lower not in {"shortest"}:
            raise _refused(f"It calls {token.text}, which is not allowed.")
    elif after == ":" and before in {"{", ","} and token.text in _FIELDS:
        return
    elif token.lower not in _KEYWORDS and token.text not in variables and not _is_all_shortest(tokens, place):
        raise _refused(f"It uses {token.text}, which is not allowed.")


def _check_paths(tokens: Sequence[Token]) -> None:
    """Raises for paths without an end and for patterns of too many relations."""
    relations = 0
    for place, token in enumerate(tokens):
        if token.text == "[" and _mark(tokens, place - 1) in {"-", "<-"}:
            relations += 1
        if token.text == "*" and _inside_relation(tokens, place):
            _check_hops(tokens, place)
    relations += sum(
        first.text in {"-", "<-"} and second.text in {"-", "->"}
        for first, second in zip(tokens, tokens[1:], strict=False)
    )
    if relations > MAX_RELATIONS:
        raise _refused(f"Its patterns have more than {MAX_RELATIONS} relations.")


def _check_hops(tokens: Sequence[Token], place: int) -> None:
    following = place + 1
    while _word(tokens, following) in {"all", "shortest"}:
        following += 1
    bounds = tokens[following : following + 3]
    is_range = len(bounds) == 3 and [item.kind for item in bounds] == ["number", "mark", "number"]  # noqa: PLR2004
    if not is_range or bounds[1].text != ".." or not bounds[2].text.isdigit() or int(bounds[2].text) > MAX_HOPS:
        raise _refused(f"A path needs bounds, at most *1..{MAX_HOPS}.")


def _provenance(cypher: str, tokens: Sequence[Token], rows: int) -> str | None:
    """The statement that gives the relations of the pattern instead; None where WITH or UNWIND stand between."""
    if any(
        token.kind == "word" and token.lower in {"with", "unwind"} and not _is_operator(tokens, place)
        for place, token in enumerate(tokens)
    ):
        return None
    end = next(token.start for token in tokens if token.kind == "word" and token.lower == "return")
    named: list[str] = []
    pieces: list[str] = []
    last = 0
    for place, token in enumerate(tokens):
        if token.start >= end or token.text != "[" or _mark(tokens, place - 1) not in {"-", "<-"}:
            continue
        following = tokens[place + 1]
        if following.kind == "word":
            named.append(following.text)
        else:
            named.append(f"_r{len(named)}")
            pieces += [cypher[last : token.end], named[-1]]
            last = token.end
    if not named:
        return None
    pieces.append(cypher[last:end])
    return f"{''.join(pieces).strip()} RETURN {', '.join(dict.fromkeys(named))} LIMIT {rows}"


def _is_operator(tokens: Sequence[Token], place: int) -> bool:
    """Whether WITH is part of STARTS WITH or ENDS WITH."""
    return _word(tokens, place - 1) in {"starts", "ends"}


def _is_all_shortest(tokens: Sequence[Token], place: int) -> bool:
    return tokens[place].lower == "all" and _word(tokens, place + 1) == "shortest"


def _is_map(tokens: Sequence[Token], place: int) -> bool:
    """Whether a word after a colon is a value in braces, `{name: x}`."""
    depth = 0
    for token in reversed(tokens[:place]):
        depth += (token.text == "}") - (token.text == "{")
        if depth < 0:
            return True
        if token.text in {"(", "["} and depth == 0:
            return False
    return False


def _opens_relation(tokens: Sequence[Token], place: int) -> bool:
    """Whether `|` stands between types of a relation: [:RELATED|HAS]."""
    return _mark(tokens, place - 3) == ":" or (_mark(tokens, place - 3) == "|" and _mark(tokens, place - 5) == ":")


def _inside_relation(tokens: Sequence[Token], place: int) -> bool:
    """Whether `*` stands in the square brackets of a relation, and does not multiply or count."""
    for back in range(place - 1, max(-1, place - 12), -1):
        text = tokens[back].text
        if text == "[":
            return _mark(tokens, back - 1) in {"-", "<-"}
        if text in {"]", ")", "("}:
            return False
    return False


def _mark(tokens: Sequence[Token], place: int) -> str:
    return tokens[place].text if 0 <= place < len(tokens) and tokens[place].kind == "mark" else ""


def _word(tokens: Sequence[Token], place: int) -> str:
    return tokens[place].lower if 0 <= place < len(tokens) and tokens[place].kind == "word" else ""


def _refused(reason: str) -> InvalidRequest:
    return InvalidRequest(f"This statement is not allowed. {reason}", field="cypher")
