"""What `movinet classify` writes of a whole video: subtitles, a plot, the video annotated."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from movinet.errors import UsageError

if TYPE_CHECKING:
    from movinet.models import ModelInfo
    from movinet.models.transfer import Progress
    from movinet.outputs.track import Track


@dataclass(frozen=True)
class Looks:
    """What was asked for.

    Attributes:
        subtitles: "vtt" or "srt": events beside each video.
        plot: the file of the plot.
        annotate: the file of the annotated video.
        font: a font file.
    """

    subtitles: str | None
    plot: str | None
    annotate: str | None
    font: str | None

    @property
    def wanted(self) -> bool:
        """Whether there is anything to write."""
        return (self.subtitles, self.plot, self.annotate) != (None, None, None)

    def targets(self, videos: Sequence[str]) -> list[tuple[str, str | Path | None]]:
        """The files to be written, each after its option."""
        found: list[tuple[str, str | Path | None]] = [
            ("--plot", self.plot),
            ("--annotate", self.annotate),
        ]
        if self.subtitles is not None:
            from movinet.outputs.subtitles import subtitles_of

            found += (("--subtitles", subtitles_of(video, self.subtitles)) for video in videos)
        return found

    def check(self, videos: Sequence[str]) -> None:
        """Say before the work begins what cannot come of it.

        Raises:
            UsageError: a file's ending is none that can be written; there is more than one video
                for one file; a font is no file, or is for nothing.
            OutputError: the folder of a file is not there, or lets nobody write.
            MissingExtraError: what draws it is not installed.
        """
        for option, name in (("--plot", self.plot), ("--annotate", self.annotate)):
            if name is not None and len(videos) != 1:
                raise UsageError(f"{option} is for one video, not for {len(videos)}")
        if self.font is not None and not self.annotate and self._plot_font is None:
            raise UsageError("--font is for --annotate, and for a --plot that is a .png")
        if self.subtitles is not None:
            for video in videos:
                if not Path(video).is_file():
                    raise UsageError(f"--subtitles go beside a file, which {video} is not")
            self._check_subtitles(videos, self.subtitles)
        if self.plot is not None:
            from movinet.outputs.plot import check_plot

            check_plot(self.plot, self._plot_font)
        if self.annotate is not None:
            from movinet.outputs.annotated import check_annotated

            check_annotated(videos[0], self.annotate, self.font)

    def _check_subtitles(self, videos: Sequence[str], kind: str) -> None:
        from movinet.outputs.beside import check_place
        from movinet.outputs.subtitles import subtitles_of

        whose: dict[str, str] = {}
        folders = set()
        for video in videos:
            target = subtitles_of(video, kind)
            folder = os.path.realpath(target.parent)
            other = whose.setdefault(os.path.join(folder, target.name), video)  # noqa: PTH118
            if other != video and not Path(other).samefile(video):
                raise UsageError(
                    f"{other} and {video} would have the same subtitles, {target}: rename one of "
                    "them, or leave it out"
                )
            # One file tells for a folder: an archive has many.
            if folder not in folders:
                folders.add(folder)
                check_place(target)

    @property
    def _plot_font(self) -> str | None:
        return self.font if (self.plot or "").lower().endswith(".png") else None

    def track(self, video: str, info: ModelInfo) -> Track | None:
        """What must be kept of a video; None: nothing."""
        if not self.wanted:
            return None
        from movinet.outputs.track import Track

        return Track(video, info)

    def write(
        self, video: str, track: Track, say: Callable[[str], None], progress: Progress | None
    ) -> None:
        """Write it all.

        Args:
            video: what the track is of.
            track: what was seen in it.
            say: told which letters a font has not.
            progress: told how many frames of the annotated video are written, and of how many.

        Raises:
            OutputError: when something cannot be written.
        """
        lacking = set()
        if self.subtitles is not None:
            from movinet.outputs.subtitles import subtitles_of, write_subtitles

            write_subtitles(track, subtitles_of(video, self.subtitles))
        if self.plot is not None:
            from movinet.outputs.plot import pictures_of, write_plot

            pictures = pictures_of(video, track)
            lacking |= set(write_plot(track, self.plot, pictures, font=self._plot_font))
        if self.annotate is not None:
            from movinet.outputs.annotated import annotate

            lacking |= set(annotate(video, track, self.annotate, font=self.font, progress=progress))
        if lacking:
            letters = "".join(sorted(lacking))
            say(f"the font has no {letters}: name another with --font")
