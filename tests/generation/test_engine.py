import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from generation.engine import Engine
from generation.kv_cache import KeyValues, PrefixStore
from generation.request import PIECE, Completion, PromptTokens
from generation.types import GenerationOptions
from retrieval.errors import ModelUnavailable

VOCABULARY = 50
NEVER_ENDS = frozenset[int]()


class ScriptedDecoder:
    """Its next token is a fixed function of all tokens that its cache holds; so a wrong cache says wrong things."""

    def __init__(self, step_rows: int = 4, period: int = 7) -> None:
        self.step_rows = step_rows
        self.period = period
        self.read_tokens = 0
        self.steps: list[int] = []  # how many sequences shared each step
        self.gate = threading.Event()
        self.gate.set()

    def new_cache(self, capacity: int, adapter: str | None = None) -> KeyValues:
        return KeyValues((1, 1, 1), capacity, torch.float32, adapter)

    def read(self, tokens: Sequence[int], cache: KeyValues) -> Tensor:
        self.read_tokens += len(tokens)
        return self._rows(tokens, cache)[-1]

    def step(self, sequences: Sequence[tuple[Sequence[int], KeyValues]]) -> list[Tensor]:
        assert self.gate.wait(10)
        self.steps.append(len(sequences))
        assert all(len(tokens) <= self.step_rows for tokens, _ in sequences)
        return [self._rows(tokens, cache) for tokens, cache in sequences]

    def read_branches(self, branches: Sequence[Sequence[int]], cache: KeyValues) -> list[Tensor]:
        found = []
        for branch in branches:
            self.read_tokens += len(branch)
            found.append(self._rows(branch, cache) if branch else torch.empty(0, VOCABULARY))
            cache.advance(-len(branch))
        return found

    def _rows(self, tokens: Sequence[int], cache: KeyValues) -> Tensor:
        rows = []
        for token in tokens:
            column = torch.full((1, 1, 1), float(token))
            cache.append(0, column, column)
            cache.advance(1)
            held = cache.keys[0, 0, : cache.length]
            rows.append(torch.nn.functional.one_hot(torch.tensor(self.next(held.flatten().tolist())), VOCABULARY))
        return torch.stack(rows).float()

    def next(self, held: Sequence[float]) -> int:
        """Repeats with a period where the text is long enough, so that guesses are right for a while, and then not."""
        if len(held) % 11 and len(held) > self.period:
            return int(held[-self.period])
        return int(1 + (sum(held) * 7 + len(held)) % (VOCABULARY - 1))


def plain(decoder: ScriptedDecoder, tokens: Sequence[int], count: int) -> list[int]:
    """What the decoder says, one token after the other."""
    held = [float(token) for token in tokens]
    for _ in range(count):
        held.append(float(decoder.next(held)))
    return [int(token) for token in held[len(tokens) :]]


def never() -> bool:
    return False


def run(engine: Engine, tokens: Sequence[int], count: int, last_turn: int = 0) -> tuple[list[int], Completion]:
    completion, said = engine.complete(
        PromptTokens(tokens, last_turn), GenerationOptions(max_tokens=count), NEVER_ENDS, never
    )
    return list(said), completion


PROMPTS = st.lists(st.integers(1, 5), min_size=1, max_size=40)


@given(PROMPTS, st.integers(1, 30), st.integers(2, 9))
def test_guessing_changes_nothing_but_the_number_of_steps(tokens: list[int], count: int, period: int) -> None:
    said = []
    steps = []
    for rows in (1, 4):
        decoder = ScriptedDecoder(rows, period)
        said.append(run(Engine(decoder, PrefixStore(0)), tokens, count)[0])
        steps.append(len(decoder.steps))
    assert said[0] == said[1] == plain(ScriptedDecoder(period=period), tokens, count)
    assert steps[1] <= steps[0] == count - 1


def test_right_guesses_spare_steps() -> None:
    decoder = ScriptedDecoder()
    said, completion = run(Engine(decoder, PrefixStore(0)), [1, 2, 3, 4, 5, 6, 7] * 4, 20)
    assert len(said) == 20
    assert completion.accepted > 8
    assert len(decoder.steps) == 19 - completion.accepted
    assert completion.reason == "length"


def test_the_answer_ends_before_the_token_that_ends_it() -> None:
    decoder = ScriptedDecoder()
    expected = plain(decoder, [3, 1, 4], 30)
    end = expected[12]
    completion, said = Engine(decoder, PrefixStore(0)).complete(
        PromptTokens([3, 1, 4]), GenerationOptions(max_tokens=30), frozenset({end}), never
    )
    assert list(said) == expected[: expected.index(end)]
    assert completion.reason == "stop"


def test_a_long_prompt_is_read_in_pieces_and_its_beginning_only_once() -> None:
    decoder = ScriptedDecoder()
    engine = Engine(decoder, PrefixStore(10**6))
    beginning = [1 + number % 40 for number in range(3 * PIECE)]
    first, cold = run(engine, [*beginning, 7, 7, 7], 8)
    assert (cold.reused, decoder.read_tokens) == (0, 3 * PIECE + 3)
    second, warm = run(engine, [*beginning, 8, 8], 8)
    assert (warm.reused, decoder.read_tokens) == (3 * PIECE, 3 * PIECE + 5)
    assert first == plain(decoder, [*beginning, 7, 7, 7], 8)
    assert second == plain(decoder, [*beginning, 8, 8], 8)


class WaitingToRead(ScriptedDecoder):
    """Reads nothing before the gate is opened, and says which threads made room for prompts."""

    def __init__(self) -> None:
        super().__init__()
        self.gate.clear()
        self.reading = threading.Event()
        self.makers: list[str] = []

    def new_cache(self, capacity: int, adapter: str | None = None) -> KeyValues:
        self.makers.append(threading.current_thread().name)
        return super().new_cache(capacity, adapter)

    def read(self, tokens: Sequence[int], cache: KeyValues) -> Tensor:
        self.reading.set()
        assert self.gate.wait(10)
        return super().read(tokens, cache)


def test_a_prompt_that_waits_takes_no_room_and_begins_with_what_is_read_meanwhile() -> None:
    decoder = WaitingToRead()
    engine = Engine(decoder, PrefixStore(10**6))
    beginning = [1 + number % 40 for number in range(2 * PIECE)]
    with ThreadPoolExecutor(2) as readers:
        first = readers.submit(run, engine, [*beginning, 7], 3)
        assert decoder.reading.wait(10)
        second = readers.submit(run, engine, [*beginning, 8], 3)
        time.sleep(0.1)
        assert decoder.makers == ["decode"]  # any other thread would keep helpers of its own for so large a tensor
        decoder.gate.set()
        assert first.result()[1].reused == 0
        assert second.result()[1].reused == 2 * PIECE
    assert decoder.makers == ["decode", "decode"]


@given(st.integers(1, 5 * PIECE), st.integers(0, 5 * PIECE))
def test_cuts_are_in_order_end_with_the_prompt_and_begin_the_last_turn(count: int, last_turn: int) -> None:
    prompt = PromptTokens([1] * count, min(last_turn, count - 1))
    cuts = prompt.cuts
    assert cuts == sorted(set(cuts))
    assert cuts[-1] == count
    assert prompt.last_turn == 0 or prompt.last_turn in cuts
    assert max(after - before for before, after in zip([0, *cuts], cuts, strict=False)) <= PIECE


def test_requests_share_steps_and_each_hears_only_its_own() -> None:
    decoder = ScriptedDecoder()
    decoder.gate.clear()
    engine = Engine(decoder, PrefixStore(10**6))
    prompts = [[number, 2, 3, number] for number in range(1, 6)]
    heard: dict[int, list[int]] = {}

    def ask(number: int) -> None:
        heard[number] = run(engine, prompts[number], 25)[0]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(prompts))]
    for thread in threads:
        thread.start()
    while len(engine._arrived) + len(engine._active) < len(prompts):
        threading.Event().wait(0.01)
    decoder.gate.set()
    for thread in threads:
        thread.join()
    assert heard == {number: plain(decoder, prompt, 25) for number, prompt in enumerate(prompts)}
    assert max(decoder.steps) == len(prompts)


def test_a_reader_that_leaves_stops_its_decoding() -> None:
    decoder = ScriptedDecoder()
    engine = Engine(decoder, PrefixStore(0))
    _, said = engine.complete(PromptTokens([1, 2]), GenerationOptions(max_tokens=10**5), NEVER_ENDS, never)
    next(said)
    said.close()
    assert run(engine, [5], 3)[0] == plain(decoder, [5], 3)
    assert len(decoder.steps) < 10**4


def test_cancelling_ends_the_answer() -> None:
    looks = 0

    def cancelled() -> bool:
        nonlocal looks
        looks += 1
        return looks > 5

    completion, said = Engine(ScriptedDecoder(step_rows=1), PrefixStore(0)).complete(
        PromptTokens([1, 2]), GenerationOptions(max_tokens=50), NEVER_ENDS, cancelled
    )
    assert len(list(said)) == 5
    assert completion.reason == "cancelled"


def test_a_failure_reaches_the_reader_and_the_engine_goes_on() -> None:
    class Breaking(ScriptedDecoder):
        broken = True

        def step(self, sequences: Sequence[tuple[Sequence[int], KeyValues]]) -> list[Tensor]:
            if self.broken:
                raise ModelUnavailable("The weights are gone.")
            return super().step(sequences)

    decoder = Breaking()
    engine = Engine(decoder, PrefixStore(0))
    with pytest.raises(ModelUnavailable, match="gone"):
        run(engine, [1, 2], 5)
    decoder.broken = False
    assert run(engine, [1, 2], 5)[0] == plain(decoder, [1, 2], 5)


def test_sampling_is_not_guessed() -> None:
    decoder = ScriptedDecoder()
    completion, said = Engine(decoder, PrefixStore(0)).complete(
        PromptTokens([1, 2, 3, 4] * 6), GenerationOptions(max_tokens=10, temperature=0.5, seed=1), NEVER_ENDS, never
    )
    assert len(list(said)) == 10
    assert completion.guessed == 0


def test_an_engine_that_nobody_uses_is_let_go_of() -> None:
    engine = Engine(ScriptedDecoder(), PrefixStore(0))
    run(engine, [1, 2], 3)
    remains = weakref.ref(engine)
    del engine
    deadline = time.monotonic() + 20
    while remains() is not None:
        assert time.monotonic() < deadline
        gc.collect()
        time.sleep(0.1)


def test_a_process_ends_although_an_answer_is_being_decoded() -> None:
    script = """
from tests.generation.test_engine import *
import time
class Slow(ScriptedDecoder):
    def step(self, sequences):
        time.sleep(0.01)
        return super().step(sequences)
_, said = Engine(Slow(), PrefixStore(0)).complete(
    PromptTokens([1, 2]), GenerationOptions(max_tokens=10**5), NEVER_ENDS, never
)
next(said)
import threading
threading.Thread(target=lambda: list(said)).start()  # a daemon would be cut down in the middle, and torch with it
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
