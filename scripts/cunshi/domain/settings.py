"""Settings of an archive: holder, languages, engines, destination."""

from dataclasses import dataclass

from cunshi.domain.persons.person import Person

# Languages by ISO 639-3 code; mixed speech has no code.
MANDARIN, WU, MIXED = "cmn", "wuu", "mixed"

# Names that are not to be published, with their pseudonyms.
Names = tuple[tuple[str, str], ...]
ANONYMOUS = "某某"  # used if no pseudonym is given


@dataclass(frozen=True)
class Recogniser:
    """An engine, its model, and the URL of a server for engines that need one."""

    engine: str
    model: str
    server: str = ""

    def drafted(self, engine: str) -> bool:
        """Check whether a transcript names this engine and model."""
        return engine == f"{self.engine} {self.model}"


@dataclass(frozen=True)
class Destination:
    """Where the site is published: the first of these that is not empty."""

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
    recording a name is said in, and so do the names of ``persons`` in archive/persons.yml. These
    are not known if one of the two files cannot be read: then nothing may be published.
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
    persons: tuple[Person, ...] = ()
    are_names_known: bool = True

    def recogniser(self, language: str) -> Recogniser:
        """Return the recogniser of a language: its own, or else the archive's."""
        own = Recogniser(self.engine, self.model, self.server)
        return dict(self.dialects).get(language, own)

    @property
    def sends(self) -> bool:
        """Whether recordings may be sent to other computers for transcription."""
        everyone = [self.recogniser(""), *(chosen for __, chosen in self.dialects)]
        return self.cluster or any(one.engine == "http" for one in everyone)

    def knows(self, language: str, engine: str) -> bool:
        """Check whether the named engine and model were chosen for a language.

        Every Whisper model knows Mandarin; a dialect is only known by the recogniser named for it
        in archive.yml.
        """
        if language == MANDARIN:
            return True
        chosen = dict(self.dialects).get(language)
        return chosen is not None and chosen.drafted(engine)
