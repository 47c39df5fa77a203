"""A problem as it is reported to people, and what a command or a stage of it came to."""

from dataclasses import dataclass, field, replace

from cunshi.core.errors import CunshiError, DiskError, ExitCode


@dataclass(frozen=True)
class Problem:
    """A problem with its place, cause and remedy.

    With the code OK it is a note: information that needs no correction. ``is_left_out`` means that
    what is wrong is already left out of everything published, so that it delays no publication.
    """

    code: ExitCode
    where: str
    cause: str
    remedy: str = ""
    line: int = 0
    is_left_out: bool = False

    @property
    def is_note(self) -> bool:
        return self.code is ExitCode.OK

    @property
    def blocks_publication(self) -> bool:
        """Whether something would be published wrongly; a deposit is not yet in the archive."""
        return self.code not in {ExitCode.OK, ExitCode.DEPOSIT} and not self.is_left_out

    @classmethod
    def from_error(cls, error: CunshiError) -> "Problem":
        """Return the problem that describes an error."""
        return cls(error.code, error.where, error.cause, error.remedy, error.line)

    @classmethod
    def for_item(cls, error: CunshiError | OSError, where: str) -> "Problem":
        """Return the problem of one item; raise the error if it affects all others too."""
        failure = DiskError(error) if isinstance(error, OSError) else error
        if isinstance(failure, DiskError) and failure.affects_all:
            raise failure from error
        problem = replace(cls.from_error(failure), where=where or failure.where)
        elsewhere = failure.where and not failure.where.endswith(where)
        return replace(problem, cause=f"{failure.cause}：{failure.where}") if elsewhere else problem

    @classmethod
    def of_place(cls, error: CunshiError | OSError) -> "Problem":
        """Return the problem of one of several disks or servers: the others can be reached."""
        return cls.from_error(DiskError(error) if isinstance(error, OSError) else error)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a command, or one stage of it, has done, and what was wrong meanwhile.

    Each has its own class with fields of its own. A command ends with the worst exit code.
    """

    problems: list[Problem] = field(default_factory=list)

    @property
    def exit_code(self) -> ExitCode:
        return max((problem.code for problem in self.problems), default=ExitCode.OK)

    @property
    def wrong(self) -> list[Problem]:
        """The problems without the notes."""
        return [problem for problem in self.problems if not problem.is_note]


@dataclass(frozen=True)
class Refused(Result):
    """Nothing was done, because of the problems."""
