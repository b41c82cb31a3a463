"""Reads one [pattern, zone, second] a line and prints the next three ticks of each, as seconds since 1970, by croniter.

Its first line names the versions. PYTHONTZPATH is to be empty: the zone data is then that of the package tzdata.
"""

import json
import sys
from datetime import datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

from croniter import croniter

print("croniter", version("croniter"), "tzdata", version("tzdata"))
for line in sys.stdin:
    pattern, zone, second = json.loads(line)
    ticks = croniter(pattern, datetime.fromtimestamp(second, ZoneInfo(zone)))
    print(json.dumps([int(ticks.get_next(datetime).timestamp()) for _ in range(3)]))
