"""Figures of the tutorial: its own blocks draw them."""

from tutorial import draw


def band():
    draw(1)


def digits():
    draw(2)
