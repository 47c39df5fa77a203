"""The present time, which tests and reproducible builds can fix."""

import os
import time
from datetime import UTC, date, datetime


def now() -> datetime:
    """The present in UTC, or SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/)."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(float(epoch) if epoch else time.time(), UTC)


def today() -> date:
    """The present day where the program runs."""
    return now().astimezone().date()
