"""Where a line may end: after punctuation rather than before "and", there rather than anywhere, never behind "the".

The rules are those of the Netflix timed text style guide (line treatment); the word lists are our own.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from types import MappingProxyType
from typing import Final

# Costs of a break. What stands before it and what follows it add up; a good place can be worth more than nothing.
ANYWHERE: Final = 12
NEVER: Final = 1000
_SENTENCE, _CLAUSE, _COMMA, _LEANS = -32, -10, -9, 14
_CONJUNCTION, _PREPOSITION, _TRAILS = -7, -5, 15
_NAME = 3

_SENTENCE_END = re.compile(r"[.?!…。！？।؟][\"'”’»)\]」』]*$")
_CLAUSE_END = re.compile(r"[;:；：—–][\"'”’»)\]」』]*$")
_COMMA_END = re.compile(r"[,、，،][\"'”’»)\]」』]*$")
_INITIAL = re.compile(r"^\W*[^\W\d_]\.$")
_ENDS = ".?!…。！？।؟;:；：—–,、，،\"'”’»)]」』"
_EDGES = "\"'“”„‘’«»()[]「」『』¿¡.,;:?!…—–-"
# Signs that open something belong to what follows, all others to what they stand behind.
_OPENING = re.compile(r"[\"'“„‘«(\[「『¿¡#$€£@&+-]*")


@dataclass(frozen=True, slots=True)
class _Lists:
    """Words of a language, in lower case.

    Attributes:
        bound: Never parted from the next word: articles, negations, prepositions of a letter or two.
        leaning: Better not parted from the next word: pronouns before verbs, auxiliaries, possessives.
        trailing: Better not parted from the word before.
    """

    bound: frozenset[str] = frozenset()
    conjunctions: frozenset[str] = frozenset()
    prepositions: frozenset[str] = frozenset()
    leaning: frozenset[str] = frozenset()
    trailing: frozenset[str] = frozenset()
    has_capital_nouns: bool = False


def _lists(
    *,
    bound: str = "",
    conjunctions: str = "",
    prepositions: str = "",
    leaning: str = "",
    trailing: str = "",
    has_capital_nouns: bool = False,
) -> _Lists:
    return _Lists(
        frozenset(bound.split()),
        frozenset(conjunctions.split()),
        frozenset(prepositions.split()),
        frozenset(leaning.split()),
        frozenset(trailing.split()),
        has_capital_nouns,
    )


_LISTS: Final[Mapping[str, _Lists]] = MappingProxyType(
    {
        "en": _lists(
            bound="a an the",
            conjunctions=(
                "and but or nor so yet because although though while whereas when where if unless until since that "
                "which who whom whose whether than as to"
            ),
            prepositions=(
                "about above across after against along among around at before behind below beneath beside between "
                "beyond by despite down during except for from in inside into like near of off on onto out outside "
                "over past through throughout toward towards under up upon via with within without"
            ),
            leaning=(
                "my your his her its our their this these those some any no every each all both another such i you he "
                "she it we they am is are was were be been being have has had do does did will would shall should can "
                "could may might must not very too quite don't doesn't didn't won't can't couldn't isn't aren't "
                "wasn't i'm you're he's she's it's we're they're i've you've we've they've i'll you'll we'll they'll "
                "i'd you'd that's one two three four five six seven eight nine ten twenty thirty hundred thousand "
                "million"
            ),
        ),
        "ru": _lists(
            bound="не ни в во к ко с со у о об",
            conjunctions=(
                "и а но или либо что чтобы если когда где куда откуда который которая которое которые которого "
                "которой которому которым которых которую хотя поскольку потому поэтому как чем пока так зато однако "
                "будто"
            ),
            prepositions=(
                "на от до из за для без под над при про через между по после перед около против вместо кроме среди "
                "из-за из-под ради вокруг"
            ),
            leaning=(
                "я ты он она оно мы вы они мой твой его её наш ваш их этот эта это эти тот та те очень был была было "
                "были будет будут буду есть самый самая самое весь вся всё все каждый каждая два две три "
                "четыре пять шесть семь восемь девять десять двадцать тридцать сто двести тысяча тысяч миллион"
            ),
            trailing="бы б ли ль же ж",
        ),
        "uk": _lists(
            bound="не ні в у к з із зі о об",
            conjunctions=(
                "і й та а але або чи що щоб якщо коли де куди який яка яке які якого якої хоча тому бо як ніж поки"
            ),
            prepositions="на від до за для без під над при про через між по після перед біля проти",
            leaning=(
                "я ти він вона воно ми ви вони мій твій його її наш ваш їх цей ця це ці той дуже був була було були "
                "буде"
            ),
            trailing="б би ж же",
        ),
        "de": _lists(
            bound="der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner",
            conjunctions=(
                "und aber oder denn sondern weil obwohl während wenn als dass ob damit bevor nachdem sobald wie"
            ),
            prepositions=(
                "an auf aus bei bis durch für gegen hinter in im ins am ans mit nach neben ohne seit über um unter "
                "von vom vor zu zum zur zwischen wegen trotz"
            ),
            leaning=(
                "ich du er sie es wir ihr mein dein sein unser euer dieser diese dieses jeder jede jedes bin bist ist "
                "sind war waren hat habe haben wird werden nicht sehr"
            ),
            has_capital_nouns=True,
        ),
        "fr": _lists(
            bound="le la les un une des du au aux ne",
            conjunctions="et mais ou où donc or ni car que qui quand si comme parce puisque lorsque dont",
            prepositions=("à de en dans sur sous avec sans pour par chez vers entre depuis pendant avant après contre"),
            leaning=(
                "je tu il elle on nous vous ils elles mon ton son ma ta sa mes tes ses notre votre leur ce cet cette "
                "ces est sont était ai as a avons avez ont très pas"
            ),
        ),
        "es": _lists(
            bound="el la los las un una unos unas al del no",
            conjunctions="y e o u pero sino porque aunque cuando donde si que quien como mientras pues",
            prepositions="a ante con contra de desde durante en entre hacia hasta para por según sin sobre tras",
            leaning=(
                "yo tú él ella nosotros ellos ellas me te se nos mi tu su nuestro este esta estos estas ese esa es "
                "son era está están he ha han muy"
            ),
        ),
        "it": _lists(
            bound=(
                "il lo la i gli le un uno una al allo alla ai agli alle del dello della dei degli delle dal dalla nel "
                "nella sul sulla non"
            ),
            conjunctions="e ed o ma però perché anche se quando dove che chi come mentre sebbene",
            prepositions="a ad di da in con su per tra fra senza dopo prima verso contro",
            leaning=(
                "io tu lui lei noi voi loro mi ti si ci vi mio tuo suo nostro questo questa questi è sono era ho ha "
                "hanno molto"
            ),
        ),
        "pt": _lists(
            bound="o a os as um uma uns umas ao aos à às do da dos das no na nos nas não",
            conjunctions="e ou mas porque embora quando onde se que quem como enquanto pois",
            prepositions="com contra de desde durante em entre para por até sem sobre após perante",
            leaning=(
                "eu tu ele ela nós eles elas me te meu minha teu seu sua nosso este esta esse é são era está tem muito"
            ),
        ),
        "nl": _lists(
            bound="de het een geen",
            conjunctions="en maar of want omdat hoewel terwijl als toen dat die waar wie dan zodat",
            prepositions=(
                "aan achter bij binnen boven door in met na naast naar om onder op over sinds te tegen tot tussen uit "
                "van voor zonder"
            ),
            leaning=(
                "ik jij je hij zij ze wij we jullie mijn jouw zijn haar ons onze dit deze is was waren heb heeft niet "
                "zeer"
            ),
        ),
        "pl": _lists(
            bound="nie w we z ze o u",
            conjunctions=(
                "i a ale lub albo czy że żeby jeśli gdy kiedy gdzie który która które których chociaż bo ponieważ jak "
                "niż"
            ),
            prepositions="na od do za dla bez pod nad przy przez między po przed",
            leaning="ja ty on ona ono my wy oni mój twój jego jej nasz ten ta to te jest są był była było bardzo",
        ),
    }
)
_NONE = _Lists()
# Written with a full stop that ends no sentence.
_TITLES = frozenset(
    ("mr", "mrs", "ms", "dr", "prof", "st", "mme", "mlle", "sr", "sra", "sig", "mevr", "dhr", "ул", "им")
)


class Breaks:
    """The cost of a break between two words of a language: `behind` the one and `before` the other, added.

    At `NEVER` and above they belong together.
    """

    def __init__(self, language: str) -> None:
        self._lists = _LISTS.get(language.partition("-")[0].lower(), _NONE)
        self.behind = _Costs(lambda text, bare: ANYWHERE + self._after(text, bare))
        self.before = _Costs(self._before)

    def _after(self, text: str, bare: str) -> int:
        if not bare and _OPENING.fullmatch(text):
            return NEVER
        if text[-1:] in _ENDS:
            return NEVER if text[-1] == "." and bare in _TITLES else _ending(text)
        if bare in self._lists.bound:
            return NEVER
        if bare in self._lists.leaning or bare in self._lists.prepositions or bare in self._lists.conjunctions:
            return _LEANS
        return self._capital(text)

    def _before(self, text: str, bare: str) -> int:
        if not any(character.isalnum() for character in text):
            return 0 if _OPENING.fullmatch(text) else NEVER
        if bare in self._lists.conjunctions:
            return _CONJUNCTION
        if bare in self._lists.prepositions:
            return _PREPOSITION
        return _TRAILS if bare in self._lists.trailing else self._capital(text)

    def _capital(self, text: str) -> int:
        """Two capitalized words in a row are mostly a first and a last name."""
        is_name = len(text) > 1 and text[0].isupper() and not text.isupper() and not self._lists.has_capital_nouns
        return _NAME if is_name else 0


class _Costs(dict[str, int]):
    """What each word costs, remembered once found. `find` takes it as it is, and bare of what stands around it."""

    def __init__(self, find: Callable[[str, str], int]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, word: str) -> int:
        text = word.strip()
        self[word] = found = self._find(text, text.strip(_EDGES).lower().replace("’", "'"))
        return found


def _ending(text: str) -> int:
    if _SENTENCE_END.search(text):
        return _LEANS if _INITIAL.match(text) else _SENTENCE
    if _CLAUSE_END.search(text):
        return _CLAUSE
    return _COMMA if _COMMA_END.search(text) else 0


_INFINITE: Final = float("inf")


class Lines:
    """Lays words out on lines of `columns`, at most `lines` of them, joined by `space`."""

    def __init__(self, breaks: Breaks, columns: int, lines: int, space: str) -> None:
        self._columns, self._lines, self._space = columns, lines, space
        self._behind, self._before = breaks.behind, breaks.before
        self._uneven = _Uneven(columns, len(space))

    def laid(
        self, texts: Sequence[str], widths: Sequence[int], wide: int, narrow: str = ""
    ) -> tuple[float, tuple[str, ...]]:
        """As few lines as will do without parting what belongs together, broken where it costs least.

        Args:
            wide: The width of all on a single line.
            narrow: All of it there, if it may be cut by width: see `Sentence`.

        Returns:
            What the breaks cost, and the lines: infinity and none if there is no room, `NEVER` and more if something
            had to be parted.
        """
        if self._lines == 2 and wide > self._columns:
            cost, end, upper = self._halved(texts, widths, wide)
            if not end:
                return cost, ()
            if narrow:
                return cost, (narrow[:upper], narrow[upper + 1 :])
            join = self._space.join
            return cost, (join(texts[:end]).strip(), join(texts[end:]).strip())
        fewest = self._fewest(widths, wide)
        cost, ends = self._broken(texts, widths, wide, fewest)
        while cost >= NEVER and fewest < self._lines:
            fewest += 1
            cost, ends = min((cost, ends), self._broken(texts, widths, wide, fewest), key=itemgetter(0))
        if ends is None:
            return cost, ()
        join = self._space.join
        return cost, tuple(join(texts[start:end]).strip() for start, end in pairwise((0, *ends, len(texts))))

    def _fewest(self, widths: Sequence[int], wide: int) -> int:
        """How many lines are needed, `lines` if there is no room."""
        if wide <= self._columns:
            return 1
        if self._lines <= 2:
            return self._lines
        space = len(self._space)
        count, used = 1, -space
        for columns in widths:
            used += space + columns
            if used > self._columns and used > columns:
                count, used = count + 1, columns
        return min(count, self._lines)

    def _broken(
        self, texts: Sequence[str], widths: Sequence[int], rest: int, count: int
    ) -> tuple[float, tuple[int, ...] | None]:
        """The cheapest way to break `count` - 1 times what is `rest` wide, and what that costs: infinity and None if
        there is none."""
        space, columns, behind, before = len(self._space), self._columns, self._behind, self._before
        if count == 1:
            return (0.0, ()) if rest <= columns else (_INFINITE, None)
        if count == 2:
            cost, end, _ = self._halved(texts, widths, rest)
            return cost, (end,) if end else None
        cost = _INFINITE
        ends: tuple[int, ...] | None = None
        used, most, below = -space, columns * (count - 1) + space * (count - 2), count - 1
        for index, wide in enumerate(widths[:-1], start=1):
            used += wide + space
            rest -= wide + space
            if used > columns:
                break
            if rest > most:
                continue
            # Lines as even as possible, the lower ones rather longer.
            uneven = used * below - rest
            total = (uneven * 0.3 + 1 if uneven > 0 else uneven * -0.3) / below
            total += behind[texts[index - 1]] + before[texts[index]]
            if total >= cost:
                continue
            further, later = self._broken(texts[index:], widths[index:], rest, below)
            if later is not None and total + further < cost:
                cost, ends = total + further, (index, *(index + end for end in later))
        return cost, ends

    def _halved(self, texts: Sequence[str], widths: Sequence[int], wide: int) -> tuple[float, int, int]:
        """What the cheapest break into two lines costs, the word behind it, and the width before it: infinity and zeros
        if there is none.

        More than half of all cues come by here, so it is plain loops.

        Args:
            texts, widths: Of words of which none is wider than a line, and all together are `wide`.
        """
        space, columns, uneven = len(self._space), self._columns, self._uneven[wide]
        behind, before = self._behind, self._before
        cost, end, upper = _INFINITE, 0, 0
        first, used, least = 1, widths[0], wide - columns - space
        while used < least:
            used += space + widths[first]
            first += 1
        leaving = behind[texts[first - 1]]
        for index in range(first, len(texts)):
            if used > columns:
                break
            text = texts[index]
            total = uneven[used] + (leaving + before[text])
            if total < cost:
                cost, end, upper = total, index, used
            leaving = behind[text]
            used += space + widths[index]
        return cost, end, upper


class _Uneven(dict[int, list[float]]):
    """For text of a width, what it costs beside the words to break it behind so many columns, the space left out.

    Lines are to be as even as possible, the lower one rather longer.
    """

    def __init__(self, columns: int, space: int) -> None:
        super().__init__()
        self._columns, self._space = columns, space

    def __missing__(self, wide: int) -> list[float]:
        differences = [2 * used + self._space - wide for used in range(self._columns + 1)]
        self[wide] = [0.3 * more + 1 if more > 0 else -0.3 * more for more in differences]
        return self[wide]
