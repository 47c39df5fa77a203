"""Who holds the recordings, what is spoken in them, and what listens to it."""

from dataclasses import dataclass

# What is spoken in a recording. The codes are ISO 639-3; a mixed one has no code of its own.
MANDARIN, WU, MIXED = "cmn", "wuu", "mixed"

# Names that are not to be published, each with the one that stands in its place.
Names = tuple[tuple[str, str], ...]
ANONYMOUS = "某某"  # where nobody said what to write instead


@dataclass(frozen=True)
class Recogniser:
    """What listens: an engine, its model, and the address of a server if the engine asks one."""

    engine: str
    model: str
    server: str = ""

    def drafted(self, engine: str) -> bool:
        """Whether it is what a transcript names as its engine."""
        return engine == f"{self.engine} {self.model}"


@dataclass(frozen=True)
class Destination:
    """Where the site is published: a folder, a branch at a remote of the git repository, a server.

    The first that is not empty counts; ``kind`` names it.
    """

    folder: str = ""
    branch: str = ""
    remote: str = "origin"
    rsync: str = ""

    @property
    def kind(self) -> str:
        """Which kind of place it is; empty when no place is named."""
        return next((kind for kind in ("folder", "branch", "rsync") if getattr(self, kind)), "")


@dataclass(frozen=True)
class Archive:
    """archive/archive.yml: who holds the recordings and how they are transcribed.

    ``dialects`` holds the languages that have a recogniser of their own. With ``two_people``
    nobody may approve a transcript that they have corrected themselves. With ``cluster`` other
    computers may listen, when a command names their scheduler. ``pseudonyms`` holds whatever
    recording a name is said in.
    """

    institution: str = ""
    contact: str = ""
    villages: tuple[str, ...] = ()
    rights: str = ""
    language: str = MANDARIN
    engine: str = "faster-whisper"
    model: str = "base"
    server: str = ""
    dialects: tuple[tuple[str, Recogniser], ...] = ()
    publish: Destination = Destination()
    two_people: bool = False
    cluster: bool = False
    pseudonyms: Names = ()

    def recogniser(self, language: str) -> Recogniser:
        """What listens to a language: its own recogniser, or the archive's for all others."""
        own = Recogniser(self.engine, self.model, self.server)
        return dict(self.dialects).get(language, own)

    @property
    def sends(self) -> bool:
        """Whether recordings may go to other computers to be transcribed."""
        everyone = [self.recogniser(""), *(chosen for __, chosen in self.dialects)]
        return self.cluster or any(one.engine == "http" for one in everyone)

    def knows(self, language: str, engine: str) -> bool:
        """Whether the engine and model that a transcript names were chosen for its language.

        Every Whisper model has learnt Mandarin. Of a dialect that is only to be expected of what
        archive.yml names for it.
        """
        if language == MANDARIN:
            return True
        chosen = dict(self.dialects).get(language)
        return chosen is not None and chosen.drafted(engine)
