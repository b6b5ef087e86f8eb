"""Benchmarks: ratios measured in one run, never single times."""
