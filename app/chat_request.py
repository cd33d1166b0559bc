"""What a chat request of an OpenAI client asks of the documents: the question, what was said before, the options."""

from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from app.schemas.chat import ChatMessage, ChatRequest
from app.schemas.fields import DEFAULT_ANSWER_TOKENS, MAX_ANSWER_TOKENS, MAX_QUERY_CHARACTERS, CollectionName
from app.settings import Settings
from generation.answer import AnswerRequest
from generation.types import GenerationOptions, Message
from retrieval.errors import InvalidRequest, NotFound

MODEL = "scholiast"
_DEFAULT_COLLECTION = "default"
_NAME = TypeAdapter(CollectionName)
_MAX_TURNS = 50
# No tokenizer makes fewer tokens of a text; turns beyond what the prompt can hold need not be carried that far.
_MOST_CHARACTERS_A_TOKEN = 8


def answer_request(chat: ChatRequest, settings: Settings) -> AnswerRequest:
    """The request as the pipeline sees it. Raises `NotFound` for another model, `InvalidRequest` without a question."""
    last = max((place for place, message in enumerate(chat.messages) if message.role == "user"), default=None)
    if last is None or not (question := chat.messages[last].content.strip()):
        raise InvalidRequest("There is no question: the last message of the user is empty.", field="messages")
    if len(question) > MAX_QUERY_CHARACTERS:
        raise InvalidRequest(
            f"The question has {len(question):,} characters; at most {MAX_QUERY_CHARACTERS:,} can be asked.",
            field="messages",
        )
    return AnswerRequest(
        question=question,
        collection=collection_of(chat.model),
        k=settings.answer_passages,
        history=_history(chat.messages[:last], _MOST_CHARACTERS_A_TOKEN * settings.prompt_tokens),
        route="auto",
        options=_options(chat),
    )


def collection_of(model: str) -> str:
    """The collection that the model's name stands for; raises `NotFound` if it is not a name of ours."""
    if model == MODEL:
        return _DEFAULT_COLLECTION
    try:
        return _NAME.validate_python(model.removeprefix(f"{MODEL}/") if model.startswith(f"{MODEL}/") else "")
    except ValidationError as error:
        raise NotFound(
            f"There is no model '{model[:64]}'; use `{MODEL}` or `{MODEL}/<collection>`. GET /v1/models lists them."
        ) from error


def _history(messages: Sequence[ChatMessage], characters: int) -> Sequence[Message]:
    """The latest turns of user and assistant, in order, as many as the prompt could hold."""
    turns: list[Message] = []
    for message in reversed(messages):
        if message.role not in ("user", "assistant") or not message.content.strip():
            continue
        characters -= len(message.content)
        if characters < 0 or len(turns) == _MAX_TURNS:
            break
        turns.insert(0, Message(message.role, message.content))
    return turns


def _options(chat: ChatRequest) -> GenerationOptions:
    longest = chat.max_completion_tokens or chat.max_tokens or DEFAULT_ANSWER_TOKENS
    stop = [chat.stop] if isinstance(chat.stop, str) else chat.stop or []
    return GenerationOptions(
        max_tokens=min(longest, MAX_ANSWER_TOKENS),
        temperature=chat.temperature or 0.0,
        top_p=1.0 if chat.top_p is None else chat.top_p,
        seed=None if chat.seed is None else chat.seed % 2**63,  # theirs may be negative
        stop=tuple(string for string in stop if string),
    )
