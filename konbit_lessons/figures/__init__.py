"""How a figure is drawn and how the parts of a page are written as HTML: for ``show``, which notebooks call."""
