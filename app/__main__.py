"""`python -m app` is `scholiast`."""

from app.cli import main

main()
