"""What people can ask to be done to a transcript, as it comes from outside. Times are seconds.

`revision` is that of the segment as the person saw it.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

Number: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
Revision: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Time: TypeAlias = Annotated[float, Meta(ge=0, le=10_000_000)]
Text: TypeAlias = Annotated[str, Meta(max_length=20_000)]
Name: TypeAlias = Annotated[str, Meta(max_length=100)]
Phrase: TypeAlias = Annotated[str, Meta(min_length=1, max_length=1000)]
Reach: TypeAlias = Literal["this", "onward"]


class Operation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """One of those below, told apart by `kind`."""


class OfSegment(Operation, frozen=True, kw_only=True):
    segment: Number
    revision: Revision


class SetText(OfSegment, frozen=True, kw_only=True, tag="text"):
    text: Text


class Split(OfSegment, frozen=True, kw_only=True, tag="split"):
    """Cut before the character at `offset`, counted in Unicode code points."""

    offset: Number


class Join(OfSegment, frozen=True, kw_only=True, tag="join"):
    """With the segment behind it, whose id and revision are also given."""

    following: Number
    following_revision: Revision


class SetSpeaker(OfSegment, frozen=True, kw_only=True, tag="speaker"):
    """To a speaker by id or, where `name` is given, to the one so called, who is made if need be; else to nobody.

    `onward` means all segments from here on that have the same speaker, up to the first that has not.
    """

    speaker: Number | None = None
    name: Name = ""
    reach: Reach = "this"


class RenameSpeaker(Operation, frozen=True, kw_only=True, tag="rename"):
    """Everywhere. `was` is the given name as the person saw it, empty where none was given."""

    speaker: Number
    was: Name
    name: Name


class MergeSpeakers(Operation, frozen=True, kw_only=True, tag="merge"):
    """All that `speaker` said was said by `into`."""

    speaker: Number
    into: Number


class SetTimes(OfSegment, frozen=True, kw_only=True, tag="times"):
    start: Time
    end: Time


class Shift(OfSegment, frozen=True, kw_only=True, tag="shift"):
    """Move in time by `seconds`, back when negative; `onward` with all segments behind it."""

    seconds: Annotated[float, Meta(ge=-100_000, le=100_000)]
    reach: Reach = "this"


class Insert(Operation, frozen=True, kw_only=True, tag="insert"):
    start: Time
    end: Time
    text: Text
    speaker: Number | None = None


class Delete(OfSegment, frozen=True, kw_only=True, tag="delete"):
    pass


class ReplaceAll(Operation, frozen=True, kw_only=True, tag="replace"):
    """`revision` is that of the transcript in which the person looked at what would be replaced."""

    revision: Revision
    find: Phrase
    replacement: Annotated[str, Meta(max_length=1000)]
    match_case: bool = False
    whole_word: bool = False


class Confirm(OfSegment, frozen=True, kw_only=True, tag="confirm"):
    """The word with the index `word` is right as it stands."""

    word: Number


AnyOperation: TypeAlias = (
    SetText
    | Split
    | Join
    | SetSpeaker
    | RenameSpeaker
    | MergeSpeakers
    | SetTimes
    | Shift
    | Insert
    | Delete
    | ReplaceAll
    | Confirm
)
