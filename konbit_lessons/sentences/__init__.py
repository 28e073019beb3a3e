"""Sentences that need more than a text: which of several holds, of which rows, and why a number is missing.

One file a page. Each is a function ``f(say, frame, …)`` that a notebook calls as ``say.f(frame, …)``; it rests on the
frame that the page shows and counts nothing anew. A sentence that is a text with numbers alone stands in the notebook.
"""
