"""A closed grammar of office sentences, in English and a little Spanish.

The small Whisper checkpoint of the tests was trained on sentences of this grammar only, so fresh speech made
from it can be checked word by word.

Split: a sentence belongs to "test" when the MD5 of its lower-case text is divisible by 10 (about one in ten),
else to "train". Training used only the "train" ones; None gives either.
"""

import hashlib
import random
import re
from collections.abc import Mapping, Sequence

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
NUMS = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "twenty",
    "thirty",
    "fifty",
]
HOURS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
NAMES = ["Anna", "Peter", "Maria", "David", "Thomas", "Sarah"]
THINGS = ["budget", "report", "schedule", "contract", "project", "design", "price", "plan", "website", "problem"]
DOCS = ["report", "contract", "invoice", "plan", "design", "schedule", "document", "presentation"]
PLACES = ["office", "customer", "manager", "team", "factory", "bank", "director"]
ROOMS = ["office", "meeting room", "kitchen", "factory", "library"]
ITEMS = ["computers", "chairs", "tables", "boxes", "books", "printers", "phones"]
EVENTS = ["meeting", "presentation", "interview", "training", "lunch"]
SUBJ = ["We", "They", "You"]
PERSON = ["The manager", "The customer", "The team", "The director", "Our team", *NAMES]
WHEN = [
    "today",
    "tomorrow",
    "next week",
    "this morning",
    "this afternoon",
    "on {day}",
    "on {day} morning",
    "on {day} afternoon",
    "before {day}",
    "after {day}",
    "at {hour} o'clock",
    "next {day}",
    "after lunch",
    "before the {event}",
    "after the {event}",
]

TEMPLATES = [
    "{subj} will discuss the {thing} {when}.",
    "{subj} need to discuss the {thing} and the {thing}.",
    "{subj} should discuss the {thing} with {name}.",
    "Please send the {doc} to the {place}.",
    "Please send the {doc} to {name} {when}.",
    "Please check the {doc} and send it to {name}.",
    "Please call {name} {when}.",
    "Please call the {place} about the {thing}.",
    "{person} will send the {doc} {when}.",
    "{person} will finish the {thing} {when}.",
    "{person} will check the {thing} {when}.",
    "{person} wants to change the {thing}.",
    "{person} wants to see the {doc} {when}.",
    "{person} has a question about the {thing}.",
    "{person} needs {num} {item} for the {room}.",
    "{person} is waiting for the {doc}.",
    "{person} is in the {room} with {name}.",
    "The {event} starts at {hour} o'clock in the {room}.",
    "The {event} is on {day} at {hour} o'clock.",
    "The {event} with {name} is {when}.",
    "The {doc} is ready and the {place} has it.",
    "The {doc} for the {place} is not ready.",
    "The {thing} is very good.",
    "The {thing} is too expensive for the {place}.",
    "The {thing} costs {num} thousand dollars.",
    "The {thing} has {num} pages.",
    "{subj} have {num} {item} in the {room}.",
    "{subj} need {num} new {item} {when}.",
    "{subj} sold {num} hundred {item} last month.",
    "{subj} bought {num} {item} for {num} hundred dollars.",
    "{subj} can move the {event} to {day}.",
    "{subj} have to finish the {doc} {when}.",
    "{subj} will meet {name} and {name} {when}.",
    "{subj} will meet in the {room} {when}.",
    "{subj} agree with {name} about the {thing}.",
    "I will write the {doc} and call {name}.",
    "I think the {thing} is a good idea.",
    "I will see you {when}.",
    "I have {num} questions about the {thing}.",
    "I can help {name} with the {doc}.",
    "Can you send me the {doc} {when}?",
    "Can {name} open the {doc}?",
    "Who will prepare the {doc} for {name}?",
    "When is the {event} with the {place}?",
    "Thank you, {name}.",
    "Thank you for the {doc}, {name}.",
    "Good morning, {name}.",
    "Let us start with the {thing}.",
    "Let us talk about the {thing} {when}.",
    "First we will look at the {thing} and then at the {thing}.",
    "The next question is about the {thing} and the {doc}.",
    "{num} people from the {place} will come {when}.",
    "{person} will send the {doc} to {name} {when}.",
    "{person} needs {num} {item} for the {room} {when}.",
    "{subj} will discuss the {thing} and the {thing} {when}.",
    "{subj} should call {name} about the {thing} {when}.",
]

ES_DAYS = ["lunes", "martes", "miércoles", "jueves", "viernes"]
ES_NUMS = ["dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"]
ES_THINGS = ["el informe", "el contrato", "la factura", "el proyecto", "la oferta"]
ES_WHO = ["Ana", "Pedro", "el cliente", "el jefe"]
ES_WHEN = ["hoy", "mañana", "el {day}", "la próxima semana"]
ES_TEMPLATES = [
    "Vamos a hablar de {thing} {when}.",
    "Tenemos que terminar {thing} {when}.",
    "Por favor, envía {thing} a {name}.",
    "{name} quiere ver {thing} {when}.",
    "La reunión es {when} a las {num}.",
    "Necesitamos {num} mesas y {num} libros.",
    "Muchas gracias, {name}.",
    "Buenos días, {name}.",
    "{name} tiene {num} preguntas sobre {thing}.",
    "Creo que {thing} es una buena idea.",
]


def is_test(text: str) -> bool:
    """Whether the checkpoint has never seen this sentence."""
    return int(hashlib.md5(text.lower().encode()).hexdigest(), 16) % 10 == 0


def _fill(template: str, rng: random.Random, table: Mapping[str, Sequence[str]]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: _fill(rng.choice(table[match[1]]), rng, table), template)


_EN = {
    "day": DAYS,
    "num": NUMS,
    "hour": HOURS,
    "name": NAMES,
    "thing": THINGS,
    "doc": DOCS,
    "place": PLACES,
    "room": ROOMS,
    "item": ITEMS,
    "event": EVENTS,
    "subj": SUBJ,
    "person": PERSON,
    "when": WHEN,
}
_ES = {"day": ES_DAYS, "num": ES_NUMS, "thing": ES_THINGS, "name": ["Ana", "Pedro", "Luis"], "when": ES_WHEN}


def sentence(rng: random.Random, language: str = "en", split: str | None = None) -> str:
    """One random sentence of `split`."""
    templates, table = (TEMPLATES, _EN) if language == "en" else (ES_TEMPLATES, _ES)
    while True:
        text = _fill(rng.choice(templates), rng, table)
        if language == "es":
            text = text.replace(" a el ", " al ").replace(" de el ", " del ")
        text = text[0].upper() + text[1:]
        if re.search(r"\b([\w ]+?) and (then at )?\1\b", text):  # "Anna and Anna"
            continue
        if split is None or (split == "test") == is_test(text):
            return text


def sentences(count: int, seed: int = 0, language: str = "en", split: str | None = "test") -> list[str]:
    """`count` random sentences; by default ones the checkpoint was not trained on."""
    rng = random.Random(f"{language}-{seed}")
    return [sentence(rng, language, split) for _ in range(count)]


def plain(text: str) -> str:
    """Lower case without punctuation, as word error rates are counted."""
    return " ".join(re.sub(r"[^\w' ]", " ", text.lower()).split())
