"""Drawn figures that perform actions: labelled clips from a seed, to learn and to try with."""

from movinet.synthetic.actions import BACKGROUND, LABELS
from movinet.synthetic.clip import render_clip

__all__ = ["BACKGROUND", "LABELS", "render_clip"]
