"""The one tree of errors that Scholiast raises on purpose.

    ScholiastError
    ├── InvalidRequest        the caller asked for something that cannot be done as asked
    ├── NotFound              no such document, collection, chunk
    ├── Conflict              it contradicts what is stored (an idempotency key reused for other content)
    ├── TooLarge              over a stated limit
    ├── DocumentRejected      the file cannot be ingested; a document made of it becomes `failed`
    │   └── UnsupportedFile   no parser reads this kind of file
    ├── Overloaded            the queue is full; try again in `retry_after` seconds
    ├── StorageFull           the disk has no room
    ├── Incomplete            a model stopped before what it wrote was whole
    ├── ModelUnavailable      model files are missing, damaged or not the ones an index was built with
    └── IndexDamaged          files of an index generation do not match their manifest

Every message says what is wrong and what to do. `app/errors.py` maps the tree to HTTP once; nothing else does.
"""

from collections.abc import Sequence


class ScholiastError(Exception):
    """Root of the tree; `detail` is safe to show to the caller: no paths, no SQL, no stack."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidRequest(ScholiastError):
    """The request names something unknown or out of bounds; `field` says where, `allowed` what would do."""

    def __init__(self, detail: str, *, field: str | None = None, allowed: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.field = field
        self.allowed = tuple(allowed)


class NotFound(ScholiastError):
    """The named thing does not exist, or no longer does."""


class Conflict(ScholiastError):
    """The request contradicts what is already stored."""


class TooLarge(ScholiastError):
    """The input is over a stated limit."""


class DocumentRejected(ScholiastError):
    """The file cannot become a document; `code` is stable, `detail` is what a person reads."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class UnsupportedFile(DocumentRejected):
    """No parser reads this kind of file."""

    def __init__(self, detail: str) -> None:
        super().__init__("unsupported_file", detail)


class Overloaded(ScholiastError):
    """Too much work is waiting; the caller may try again after `retry_after` seconds."""

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class StorageFull(ScholiastError):
    """The disk has no room for what was to be stored."""


class Incomplete(ScholiastError):
    """What a model wrote ended before it was whole: out of tokens, or cancelled."""


class ModelUnavailable(ScholiastError):
    """A model is missing, damaged, or not the one an index was built with."""


class IndexDamaged(ScholiastError):
    """Files of an index generation do not match their manifest."""
