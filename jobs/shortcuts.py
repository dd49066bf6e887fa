"""What the keyboard can do on the page of a recording.

The list in the page's help is made of these, and `static/js/lib/keys.js` reads the keys from that list, so what people
read there is what holds. They may choose other keys.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Group(StrEnum):
    LISTEN = "listen"
    CORRECT = "correct"
    TYPE = "type"
    CHECK = "check"
    PAGE = "page"


GROUP_TITLES = {
    Group.LISTEN: _("Listening"),
    Group.CORRECT: _("Correcting"),
    Group.TYPE: _("While typing"),
    Group.CHECK: _("Checking"),
    Group.PAGE: _("On this page"),
}


@dataclass(frozen=True, slots=True)
class Shortcut:
    """What `action` is called and which keys do it.

    Attributes:
        keys: Combinations such as "N", "Shift+N", "Ctrl+Z", "Space" or "?", with blanks between them.
        when: Where they hold: "reading" (in no field), "typing" (in a sentence being corrected), or both.
        is_everywhere: Also while another tab than the transcript is open. Others are about sentences in sight.
        is_fixed: Nobody can choose other keys.
    """

    action: str
    keys: str
    label: Promise | str
    group: Group
    when: str = "reading"
    is_everywhere: bool = False
    is_fixed: bool = False

    @property
    def combinations(self) -> list[str]:
        return self.keys.split()


SHORTCUTS = (
    Shortcut("toggle", "Space K", _("Play or pause"), Group.LISTEN, is_everywhere=True),
    Shortcut("back", "J", _("5 seconds back"), Group.LISTEN, is_everywhere=True),
    Shortcut("forward", "L", _("5 seconds forward"), Group.LISTEN, is_everywhere=True),
    Shortcut("back-little", "ArrowLeft", _("2 seconds back"), Group.LISTEN),
    Shortcut("forward-little", "ArrowRight", _("2 seconds forward"), Group.LISTEN),
    Shortcut("previous-sentence", "ArrowUp", _("Previous sentence"), Group.LISTEN),
    Shortcut("next-sentence", "ArrowDown", _("Next sentence"), Group.LISTEN),
    Shortcut("repeat", "R", _("Repeat this sentence, or stop repeating"), Group.LISTEN),
    Shortcut("slower", "<", _("Slower"), Group.LISTEN, is_everywhere=True),
    Shortcut("faster", ">", _("Faster"), Group.LISTEN, is_everywhere=True),
    Shortcut("current", "C", _("Back to the spoken word"), Group.LISTEN),
    Shortcut("captions", "V", _("Captions in the picture"), Group.LISTEN, is_everywhere=True),
    Shortcut("fullscreen", "F", _("Picture on the whole screen"), Group.LISTEN, is_everywhere=True),
    # Before "edit": while a doubtful word is at hand, its key means that word.
    Shortcut("correct-word", "E", _("Correct the doubtful word"), Group.CORRECT),
    Shortcut("edit", "E", _("Correct this sentence"), Group.CORRECT),
    Shortcut("actions", "M", _("What else can be done with this sentence"), Group.CORRECT),
    Shortcut("speaker-menu", "S", _("Who speaks: choose, or rename"), Group.CORRECT),
    Shortcut(
        "speaker",
        "1 2 3 4 5 6 7 8 9",
        _("This sentence is said by the speaker of that number"),
        Group.CORRECT,
        is_fixed=True,
    ),
    Shortcut("history", "H", _("Earlier versions of this sentence"), Group.CORRECT),
    Shortcut("undo", "Ctrl+Z", _("Undo"), Group.CORRECT, "reading typing", is_everywhere=True),
    Shortcut("redo", "Ctrl+Shift+Z Ctrl+Y", _("Do again"), Group.CORRECT, "reading typing", is_everywhere=True),
    Shortcut("typing-toggle", "Escape Tab", _("Play from a little before, or pause"), Group.TYPE, "typing"),
    Shortcut("typing-back", "Alt+J", _("5 seconds back"), Group.TYPE, "typing"),
    Shortcut("typing-forward", "Alt+L", _("5 seconds forward"), Group.TYPE, "typing"),
    Shortcut("typing-slower", "Alt+-", _("Slower"), Group.TYPE, "typing"),
    Shortcut("typing-faster", "Alt+=", _("Faster"), Group.TYPE, "typing"),
    Shortcut("split", "Enter", _("Split at the cursor"), Group.TYPE, "typing"),
    Shortcut("join-previous", "Backspace", _("At the start: join with the sentence before"), Group.TYPE, "typing"),
    Shortcut("join-next", "Delete", _("At the end: join with the next sentence"), Group.TYPE, "typing"),
    Shortcut("edit-previous", "ArrowUp", _("At the start: correct the sentence before"), Group.TYPE, "typing"),
    Shortcut("edit-next", "ArrowDown", _("At the end: correct the next sentence"), Group.TYPE, "typing"),
    Shortcut("save", "Ctrl+S", _("Save now"), Group.TYPE, "typing"),
    Shortcut("leave", "Ctrl+Enter Shift+Escape", _("Stop correcting"), Group.TYPE, "typing"),
    Shortcut("next-doubt", "N", _("Next doubtful word, and hear it"), Group.CHECK),
    Shortcut("previous-doubt", "Shift+N", _("Previous doubtful word"), Group.CHECK),
    Shortcut("confirm-word", "Y", _("This word is right; on to the next"), Group.CHECK),
    Shortcut("again", "Shift+R", _("Listen again with another engine"), Group.CHECK),
    Shortcut("find", "/", _("Find in this transcript"), Group.PAGE, is_everywhere=True),
    Shortcut("replace", "Ctrl+H", _("Find and replace"), Group.PAGE, "reading typing"),
    Shortcut("shortcuts", "?", _("This list"), Group.PAGE, is_everywhere=True),
)


def grouped() -> list[tuple[Promise | str, list[Shortcut]]]:
    """(title, shortcuts) of each group that has any."""
    groups = ((title, [one for one in SHORTCUTS if one.group == group]) for group, title in GROUP_TITLES.items())
    return [(title, found) for title, found in groups if found]


def for_readers(*, with_sound: bool) -> list[tuple[Promise | str, list[Shortcut]]]:
    """The same for people who can only read, and listen where there is sound."""
    kept = {Group.PAGE: {"find", "shortcuts"}}
    if with_sound:
        kept[Group.LISTEN] = {one.action for one in SHORTCUTS if one.group == Group.LISTEN}
    groups = ((group, [one for one in SHORTCUTS if one.action in kept.get(group, ())]) for group in GROUP_TITLES)
    return [(GROUP_TITLES[group], found) for group, found in groups if found]
