"""The current time, which tests and reproducible builds can fix."""

import os
import time
from datetime import UTC, date, datetime


def now() -> datetime:
    """Return the current time in UTC, or SOURCE_DATE_EPOCH if it is set.

    https://reproducible-builds.org/specs/source-date-epoch/
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(float(epoch) if epoch else time.time(), UTC)


def today() -> date:
    """Return the current date in the local time zone."""
    return now().astimezone().date()
