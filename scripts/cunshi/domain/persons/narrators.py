"""Apply to a recording what holds for its narrator: limits, pseudonyms, a consent for all."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from cunshi.domain.description_merge import limited
from cunshi.domain.persons.names import includes_name, same_name
from cunshi.domain.persons.person import Person
from cunshi.domain.recording import Description, Recording


def limited_by_persons(description: Description, persons: Iterable[Person]) -> Description:
    """Return a description with the limits and pseudonyms of its narrators."""
    for person in persons:
        if person.tells(description.narrator):
            consent = limited(description.consent, person.consent)
            own = consent.shown_as
            if person.shown_as and (not own or any(same_name(own, n) for n in person.names)):
                consent = replace(consent, shown_as=_shown(description.narrator, person))
            description = replace(description, consent=consent)
    return description


def _shown(narrators: str, person: Person) -> str:
    """Return the published name; empty if the narrator's field also names others."""
    alone = any(same_name(narrators, name) for name in person.names)
    return person.shown_as if alone else ""


def with_consent_of_person(description: Description, persons: Iterable[Person]) -> Description:
    """Return a new recording's description with the consent that its narrator has given for all.

    A consent of its own goes first.
    """
    if description.consent.by:
        return description
    for person in persons:
        given = person.consent
        if given.by and any(same_name(description.narrator, name) for name in person.names):
            consent = limited(replace(given, shown_as=""), description.consent)
            return replace(description, consent=consent)
    return description


@dataclass(frozen=True)
class Undecided:
    """A recording whose narrator has a pseudonym in ``other`` and none here."""

    recording: Recording
    other: Recording

    @property
    def shown(self) -> Recording:
        """The recording with that pseudonym."""
        said, name = self.recording.description, self.other.description.consent.shown_as
        consent = replace(said.consent, shown_as=name)
        return replace(self.recording, description=replace(said, consent=consent))


def with_pseudonyms_of_narrators(
    recordings: Sequence[Recording],
) -> tuple[list[Recording], list[Undecided]]:
    """Let a pseudonym of one record hold in the narrator's other records that name none.

    Returns all recordings, and those changed by this: people have to decide about them, because
    another person may have the same name.
    """
    hidden = [r for r in recordings if r.description.consent.shown_as and r.description.narrator]
    undecided = {
        recording.id: Undecided(recording, other)
        for recording in recordings
        if recording.description.consent.by and not recording.description.consent.shown_as
        for other in islice(_of_same_narrator(recording.description.narrator, hidden), 1)
    }
    shown = [undecided[r.id].shown if r.id in undecided else r for r in recordings]
    return shown, list(undecided.values())


def _of_same_narrator(narrators: str, hidden: Iterable[Recording]) -> Iterator[Recording]:
    for other in hidden:
        said = other.description
        if not same_name(said.consent.shown_as, said.narrator) and includes_name(
            narrators, said.narrator
        ):
            yield other
