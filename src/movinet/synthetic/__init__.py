"""Drawn figures that perform actions: labelled clips from a seed, to learn from and to try with."""

from movinet.synthetic.actions import BACKGROUND, LABELS
from movinet.synthetic.clip import locate_joints, render_clip
from movinet.synthetic.sheet import check_picture, contact_sheet, write_picture
from movinet.synthetic.writing import Clip, plan_clips, write_clips

__all__ = [
    "BACKGROUND",
    "LABELS",
    "Clip",
    "check_picture",
    "contact_sheet",
    "locate_joints",
    "plan_clips",
    "render_clip",
    "write_clips",
    "write_picture",
]
