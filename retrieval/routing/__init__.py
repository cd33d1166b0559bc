"""Routing: which sources a question is put to, and which kind of question it is."""
