"""Whether a release's Django still gets security fixes."""

from __future__ import annotations

import datetime
import re

#: The last month of each series, by https://www.djangoproject.com/download/#supported-versions. What is older than all of these
#: gets none any more; of what is newer nothing is known.
LAST_MONTH = {
    (3, 2): (2024, 4),
    (4, 0): (2023, 4),
    (4, 1): (2023, 12),
    (4, 2): (2026, 4),
    (5, 0): (2025, 4),
    (5, 1): (2025, 12),
    (5, 2): (2028, 4),
    (6, 0): (2027, 4),
    (6, 1): (2027, 12),
    (6, 2): (2030, 4),
}


def ended(requirements: str, today: datetime.date) -> str:
    """What to say of a Django that gets no security fixes any more, in a line of the plan; nothing of any other.

    requirements: those of a manifest, a line `name==version --hash=…` each.
    """
    django = re.search(r"^django==((\d+)\.(\d+)\S*)", requirements, re.MULTILINE)
    if not django:
        return ""
    series = (int(django[2]), int(django[3]))
    if series < min(LAST_MONTH):
        return f"django {django[1]} gets no security fixes any more"
    year, month = LAST_MONTH.get(series, (datetime.MAXYEAR, 12))
    if (today.year, today.month) <= (year, month):
        return ""
    return f"django {django[1]} gets no security fixes since the end of {year}-{month:02}"
