"""`movinet serve`: the page and the interface for programs."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from movinet.cli.downloadbar import DownloadBar
from movinet.cli.options import labels_option, model_or_starter
from movinet.cli.program import DONE, INTERRUPTED, loaded
from movinet.errors import MissingExtraError, UsageError
from movinet.web import Limits
from movinet.web.served import Served, check_names, engine_for, find_served

_LIMITS = Limits()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free."
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="FILE|NAME",
    help="A .tflite file or a name from 'movinet models list'; may be repeated (default: starter).",
)
@labels_option
@click.option(
    "--threads", type=click.IntRange(1), help="Threads that answer streams (default: a core each)."
)
@click.option("--certificate", metavar="FILE", help="For https://, in PEM form; with --key.")
@click.option("--key", metavar="FILE", help="The key of the certificate.")
@click.option(
    "--export", metavar="FOLDER", help="Write the page as files for any HTTPS host, and end."
)
@click.option(
    "--max-connections",
    default=_LIMITS.connections,
    show_default=True,
    type=click.IntRange(1),
    help="Live streams at a time.",
)
@click.option(
    "--max-upload",
    default=_LIMITS.upload // 1_000_000,
    show_default=True,
    type=click.IntRange(1),
    metavar="MB",
    help="Size of a video.",
)
def serve(
    host: str,
    port: int,
    models: Sequence[str],
    labels: str | None,
    threads: int | None,
    certificate: str | None,
    key: str | None,
    export: str | None,
    max_connections: int,
    max_upload: int,
) -> int:
    """Serve a page that recognises actions in the browser, and an interface for programs.

    \b
    movinet serve --model a0-lite-k600-int8
    movinet serve --host 0.0.0.0 --certificate cert.pem --key key.pem
    movinet serve --export public/
    """
    try:
        from movinet.web.application import application
        from movinet.web.exporting import export_page
        from movinet.web.page import page_files
        from movinet.web.serving import check_certificate, listen
        from movinet.web.serving import serve as run
    except ImportError as error:
        if (error.name or "").split(".")[0] not in ("starlette", "uvicorn", "websockets", "h11"):
            raise
        raise MissingExtraError("movinet serve", "web") from error
    given = {"host": host, "certificate": certificate, "key": key, "export": export}
    for name, value in given.items():
        if value == "":
            raise UsageError(f"--{name} is empty: name one, or leave the option out")
    if (certificate is None) != (key is None):
        raise UsageError("a certificate and its key belong together: give --certificate and --key")
    pair = None if certificate is None or key is None else (Path(certificate), Path(key))
    if pair is not None:
        check_certificate(*pair)
    if export is not None:
        size = export_page(_served(models, labels), Path(export))
        click.echo(f"{export}  {size:,} bytes")
        return DONE
    with listen(host, port) as listener:
        served = _served(models, labels)
        limits = replace(_LIMITS, connections=max_connections, upload=max_upload * 1_000_000)
        engine = engine_for(served, limits, threads)
        loaded()

        def say() -> None:
            for address in _addresses(listener, secure=pair is not None):
                click.echo(address)
            _warn_of_network(listener, secure=pair is not None)
            if not page_files():
                click.echo(
                    "movinet: note: the page has not been built, only programs can use this "
                    "server: run 'make page' in the folder of the source",
                    err=True,
                )

        app = application(served, engine, limits)
        return INTERRUPTED if run(app, listener, limits, certificate=pair, ready=say) else DONE


def _served(models: Sequence[str], labels: str | None) -> list[Served]:
    served = []
    for name in models or (model_or_starter(None),):
        with DownloadBar(name) as progress:
            # Of several models, one label file is for those that carry none.
            served.append(find_served(name, labels, progress, replace_labels=len(models) < 2))
    check_names(served)
    return served


def _addresses(listener: socket.socket, *, secure: bool) -> list[str]:
    """Where the page is: of all addresses of the machine, its own and the one in the network."""
    host, port = listener.getsockname()[:2]
    hosts = [host]
    if ipaddress.ip_address(host).is_unspecified:
        hosts = ["localhost", *_in_network(listener.family)]
    return [
        f"{'https' if secure else 'http'}://{f'[{one}]' if ':' in one else one}:{port}/"
        for one in hosts
    ]


def _in_network(family: int) -> list[str]:
    """The address that others in the network see."""
    away = "2001:db8::1" if family == socket.AF_INET6 else "192.0.2.1"  # nobody's; nothing is sent
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((away, 9))
            return [probe.getsockname()[0]]
    except OSError:
        return []


def _warn_of_network(listener: socket.socket, *, secure: bool) -> None:
    host = listener.getsockname()[0]
    if ipaddress.ip_address(host).is_loopback:
        return
    text = "anybody who can reach this machine can use the server"
    if not secure:
        text += (
            "; browsers give a page on http:// no camera except on the same machine: add "
            "--certificate and --key, or host what --export writes"
        )
    click.echo(f"movinet: warning: {text}", err=True)
