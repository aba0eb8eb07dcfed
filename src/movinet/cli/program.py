"""The `movinet` program: finds the verb, and turns every failure into one line and a status."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import NoReturn

import click

from movinet.cli import headstart, interrupts
from movinet.cli.stopping import Terminated
from movinet.errors import MovinetError, UsageError

# Verb -> (module, function, one line of help). A verb's module is imported when it is used.
_VERBS = {
    "classify": ("movinet.cli.classify", "classify", "Say which actions videos show."),
    "train": ("movinet.cli.train", "train", "Teach a network your own actions."),
    "export": ("movinet.cli.export", "export", "Make a model file of a network."),
    "live": ("movinet.cli.live", "live", "Watch cameras."),
    "serve": ("movinet.cli.serve", "serve", "Serve a page and an interface for programs."),
    "models": ("movinet.cli.models", "models", "List, describe and fetch models."),
    "evaluate": ("movinet.cli.evaluate", "evaluate_", "Say how right a model is on your clips."),
    "synthesize": (
        "movinet.cli.synthesize",
        "synthesize",
        "Draw labelled clips of figures that perform actions.",
    ),
    "benchmark": ("movinet.cli.benchmark", "benchmark_", "Measure models side by side."),
}

DONE, FAILED, WRONG_USAGE, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of the table."""
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb."""
        if cmd_name not in _VERBS:
            return None
        module, name, _ = _VERBS[cmd_name]
        command = getattr(import_module(module), name)
        interrupts.raise_again()
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the verb; that nobody reads standard output any more (`| head`) is no error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # What is still in the buffer must go somewhere when it is flushed at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return DONE

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, text) for verb, (_, _, text) in _VERBS.items()])


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="movinet", message="%(prog)s %(version)s")
def movinet() -> None:
    """Recognise human actions in video, one frame at a time.

    'movinet VERB --help' explains a verb.
    """


def main() -> NoReturn:
    """Run the program; 0 done, 1 an input failed, 2 wrong usage, 130 Ctrl-C, 143 SIGTERM."""
    # Imports make nothing but what stays: looking through it all for garbage is in vain.
    gc.disable()
    # Python has None for what was closed when it began.
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    try:
        if sys.stdout is None:
            status = _complain("standard output is closed: send it to a file or /dev/null", FAILED)
        else:
            headstart.begin(sys.argv[1:])
            status = run()
    finally:
        headstart.end()
    # All results are written and flushed. Taking NumPy, FFmpeg and LiteRT apart piece by piece
    # would take 20 ms, a twentieth of the time that a ten-second clip needs.
    sys.stderr.flush()
    os._exit(status)


def loaded() -> None:
    """To be called by a verb when all is loaded and the work begins: garbage is collected again."""
    gc.freeze()
    gc.enable()


def run(args: list[str] | None = None) -> int:
    """Run with `args` (default: the command line) and give the exit status."""
    try:
        status = movinet.main(args, prog_name="movinet", standalone_mode=False)
        # Python would only notice a full disk behind stdout after the status is decided.
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return WRONG_USAGE
    except click.ClickException as error:
        return _complain(error.format_message(), WRONG_USAGE)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Terminated:
        return TERMINATED
    except UsageError as error:
        return _complain(str(error), WRONG_USAGE)
    except MovinetError as error:
        return _complain(str(error), FAILED)
    except OSError as error:
        what = "write standard output" if error.filename is None else f"use {error.filename}"
        return _complain(f"cannot {what}: {error.strerror or error}", FAILED)
    return status if isinstance(status, int) else DONE


def _complain(message: str, status: int) -> int:
    click.echo(f"movinet: error: {' '.join(message.split())}", err=True)
    return status
