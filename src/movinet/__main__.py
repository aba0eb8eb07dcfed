"""`python -m movinet`."""

from movinet.cli import main

main()
