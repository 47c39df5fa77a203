"""One thing that is wrong, as it is reported to people."""

from dataclasses import dataclass, replace

from cunshi.core.errors import CunshiError, DiskError, ExitCode


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, why, and what to do about it.

    With the code OK it is a note: people should know of it, and nothing has to be mended.
    """

    code: ExitCode
    where: str
    cause: str
    remedy: str = ""
    line: int = 0

    @property
    def is_note(self) -> bool:
        return self.code is ExitCode.OK

    @classmethod
    def of(cls, error: CunshiError) -> "Problem":
        """The report of an error."""
        return cls(error.code, error.where, error.cause, error.remedy, error.line)

    @classmethod
    def of_one(cls, error: CunshiError | OSError, where: str) -> "Problem":
        """The report of an error that stopped one item only; one that would stop all is raised."""
        told = DiskError(error) if isinstance(error, OSError) else error
        if isinstance(told, DiskError) and told.meets_all:
            raise told from error
        found = replace(cls.of(told), where=where or told.where)
        elsewhere = told.where and not told.where.endswith(where)
        return replace(found, cause=f"{told.cause}：{told.where}") if elsewhere else found
