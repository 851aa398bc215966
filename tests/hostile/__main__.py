"""`python tests/hostile` tries every case and prints a table, and below it what went wrong."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from hostile.classes import all_cases  # noqa: E402
from hostile.trial import HEADER, tried  # noqa: E402

print(HEADER)
outcomes = []
for kind, cases in all_cases(sys.argv[1:]):
    outcomes.append(tried(kind, cases))
    print(outcomes[-1].row(), flush=True)
for outcome in outcomes:
    for name, end in outcome.wrong.items():
        print(f"{outcome.kind}, {name}: {end}")
print(f"{sum(len(outcome.ends) for outcome in outcomes)} cases")
sys.exit(any(outcome.wrong for outcome in outcomes))
