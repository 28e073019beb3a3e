"""What is counted about a programme, as frames of numbers with intervals: one file a subject, no words, no pictures.

Takes a cleaned programme and its panel; between ``panel`` and ``pages`` in the flow. What a shared report may not show
is hidden here already, so that no page and no CSV holds it.
"""
