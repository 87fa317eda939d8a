"""
Everything that drives the real thing: the embedded runtime, phones, the demo, the benchmark.

Nothing in `ekc_telephony` imports from here; a site that runs EKC does not need this folder.
"""
