"""What `movinet classify` writes of a whole video: subtitles, a plot, the video annotated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from movinet.errors import UsageError

if TYPE_CHECKING:
    from movinet.models import ModelInfo
    from movinet.outputs.track import Track

_PLOTS = (".html", ".svg", ".png")
_VIDEOS = (".mp4", ".mkv", ".mov")


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

    def check(self, videos: Sequence[str]) -> None:
        """Say before the work begins what cannot come of it.

        Raises:
            UsageError: a file's ending is none that can be written; there is more than one video
                for one file; a font is no file, or is for nothing.
        """
        for option, name, endings in (
            ("--plot", self.plot, _PLOTS),
            ("--annotate", self.annotate, _VIDEOS),
        ):
            if name is None:
                continue
            if Path(name).suffix.lower() not in endings:
                raise UsageError(f"cannot write {name}: {option} takes {', '.join(endings)}")
            if len(videos) != 1:
                raise UsageError(f"{option} is for one video, not for {len(videos)}")
        if self.subtitles is not None:
            for video in videos:
                if not Path(video).is_file():
                    raise UsageError(f"--subtitles go beside a file, which {video} is not")
        if self.annotate is not None and not Path(videos[0]).is_file():
            raise UsageError(f"--annotate needs a file to read twice, which {videos[0]} is not")
        if self.font is not None and not Path(self.font).is_file():
            raise UsageError(f"cannot read the font {self.font}: no such file")

    def track(self, video: str, info: ModelInfo) -> Track | None:
        """What must be kept of a video; None: nothing."""
        if not self.wanted:
            return None
        from movinet.outputs.track import Track

        return Track(video, info)

    def write(self, video: str, track: Track, say: Callable[[str], None]) -> None:
        """Write it all; `say` is told what was left out.

        Raises:
            OutputError: when something cannot be written.
            MissingExtraError: when what draws it is not installed.
        """
        if self.subtitles is not None:
            from movinet.outputs.subtitles import write_subtitles

            write_subtitles(track, Path(video).with_suffix(f".actions.{self.subtitles}"))
