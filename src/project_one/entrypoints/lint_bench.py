"""`make bench ARGS="lint --json"`: the rules' own time per caption, in this process, over the evaluation corpus."""

import json
import statistics
import sys
import time

from project_one.compliance.domain import Context
from project_one.compliance.evaluate import evaluate
from project_one.compliance.rulebook import load
from project_one.entrypoints.evaluation import ON, cases

_ROUNDS = 5


def bench() -> int:
    """The figures of the design's group `lint` on the last line."""
    rulebook = load()
    texts = [*cases("dev"), *cases("test")]
    times: list[float] = []
    for number in range(_ROUNDS + 1):
        for case in texts:
            began = time.perf_counter()
            evaluate(case.text, Context(case.capacity), rulebook, on=ON)
            if number:  # the first round fills the caches
                times.append(time.perf_counter() - began)
    figures = {
        "texts": len(texts),
        "rules_p99_ms": round(statistics.quantiles(times, n=100)[98] * 1000, 2),
        "rules_per_s": round(len(times) / sum(times)),
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0
