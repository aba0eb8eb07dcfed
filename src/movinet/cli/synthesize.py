"""`movinet synthesize`: labelled clips of drawn figures."""

from __future__ import annotations

import sys

import click

from movinet.cli.program import DONE, loaded
from movinet.errors import UsageError


@click.command("synthesize")
@click.argument("out", required=False)
@click.option("--clips", type=click.IntRange(1), help="How many clips, shared between the actions.")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Other numbers, other clips.",
)
@click.option(
    "--classes", metavar="A,B,...", help="Only these actions (default: all; --list names them)."
)
@click.option("--size", default=224, show_default=True, help="Pixels, width and height.")
@click.option("--fps", default=10, show_default=True, help="Frames per second.")
@click.option("--seconds", default=3.0, show_default=True, help="Seconds of each clip.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="Processes.")
@click.option("--sheet", metavar="FILE.png|.jpg", help="Also draw a sheet: a row for each action.")
@click.option("--list", "list_", is_flag=True, help="Name the actions and stop.")
def synthesize(
    out: str | None,
    clips: int | None,
    seed: int,
    classes: str | None,
    size: int,
    fps: int,
    seconds: float,
    jobs: int,
    sheet: str | None,
    list_: bool,
) -> int:
    """Draw labelled clips of figures that perform actions.

    Clips go to OUT/LABEL/NNNNNN.mp4, and OUT/clips.csv lists them. What is there already is kept:
    run the same again to go on after a break.

    \b
    movinet synthesize drawn --clips 2000 --seed 1
    movinet synthesize drawn --clips 100 --classes "squat,lunge,standing or walking"
    """
    from movinet.cli.countbar import CountBar
    from movinet.synthetic import (
        LABELS,
        check_picture,
        contact_sheet,
        plan_clips,
        write_clips,
        write_picture,
    )

    if list_:
        click.echo("\n".join(LABELS))
        return DONE
    labels = LABELS if classes is None else tuple(part.strip() for part in classes.split(","))
    if out is None and sheet is None:
        raise UsageError("nothing to do: give a folder and --clips, or --sheet")
    if (out is None) != (clips is None):
        raise UsageError("a folder and --clips go together")
    if sheet is not None:
        check_picture(sheet)
    # Labels that nobody can draw are refused before anything is drawn.
    plan_clips(clips or len(labels), seed, labels, size=size, fps=fps, seconds=seconds)
    loaded()
    if sheet is not None:
        write_picture(sheet, contact_sheet(labels, seed))
    if out is not None and clips is not None:
        with CountBar("drawing", "clips") as bar:
            written = write_clips(
                out,
                clips,
                seed,
                labels,
                size=size,
                fps=fps,
                seconds=seconds,
                jobs=jobs,
                progress=bar,
            )
        if sys.stderr.isatty():
            click.echo(f"{len(written)} clips of {len(labels)} actions in {out}", err=True)
    return DONE
