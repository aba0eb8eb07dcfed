"""Each figure that the README and the docs quote can be made again from here.

`make benchmark` (or `python -m benchmarks [NAME ...]`) prints the tables of docs/benchmarks.md.
Every comparison is a ratio within one run, in turns, because machines are noisy.
"""
