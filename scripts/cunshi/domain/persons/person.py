"""Persons whose names, pseudonyms and consents hold for all their recordings."""

from dataclasses import dataclass, field

from cunshi.domain.consent import Consent
from cunshi.domain.persons.names import includes_name


@dataclass(frozen=True)
class Person:
    """An entry of archive/persons.yml.

    ``shown_as`` replaces all ``names`` in everything published. ``consent`` holds limits that apply
    to all recordings of the person, and a consent for those that come without one.
    """

    names: tuple[str, ...]
    shown_as: str = ""
    consent: Consent = field(default_factory=Consent)

    def tells(self, narrators: str) -> bool:
        """Check whether the person is the narrator, or one of several."""
        return any(includes_name(narrators, name) for name in self.names)
