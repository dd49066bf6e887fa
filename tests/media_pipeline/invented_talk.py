"""Talk that nobody held, in English and Russian: sentences, pace and pauses as of people, from a seed."""

import random

from media_pipeline.transcript import Segment, Transcript, Word

SUBJECTS = {
    "en": "I|we|you|they|he|she|the committee|my neighbor|everybody|a young engineer|the people from the city"
    "|our teacher|Anna Petersen|the other half of the team|nobody",
    "ru": "я|мы|вы|они|она|он|комиссия|мой сосед|каждый|молодой инженер|жители города|наша учительница|Анна Петрова"
    "|вторая половина команды|никто из нас",
}
VERBS = {
    "en": "said|think about|wanted to see|would have to explain|forgot|has never understood|can't believe|looked at"
    "|built|is going to measure|must not lose|remember|sent back|was afraid of",
    "ru": "сказал про|думает про|хотел увидеть|должен был объяснить|забыл|не понимает|не верит в|посмотрел на|построил"
    "|собирается измерить|не может потерять|помнит|отправил обратно|боялся за",
}
OBJECTS = {
    "en": "the report|a small house|the administrative infrastructure|an idea|the results of the experiment|it"
    "|the end of the street|a hundred and twenty letters|the international cooperation|that old photograph"
    "|what happened last week|the weather|the same question again",
    "ru": "отчёт|небольшой дом|административную инфраструктуру|эту мысль|результаты эксперимента|его|конец улицы|сто"
    " двадцать писем|международное сотрудничество|старую фотографию|то, что случилось на прошлой неделе|погоду|тот же"
    " самый вопрос",
}
PLACES = {
    "en": "in the morning|with a friend|near the station|after the meeting|for the first time|at the university|without"
    " any doubt|before the winter came|on the other side of the river|by train",
    "ru": "утром|с другом|у вокзала|после собрания|в первый раз|в университете|без всякого сомнения|до прихода зимы|на"
    " другом берегу реки|на поезде",
}
JOINTS = {
    "en": "and|but|because|so|although|while|which is why|if",
    "ru": "и|но|потому что|так что|хотя|пока|поэтому|если",
}
REPLIES = {
    "en": "Yes.|No.|Right.|I see.|Really?|Of course.|Well, yes.|That's true.|Okay.|Why not?|Thank you very much.",
    "ru": "Да.|Нет.|Верно.|Понимаю.|Правда?|Конечно.|Ну да.|Это так.|Хорошо.|Почему бы и нет?|Большое спасибо.",
}


def talk(language: str, seed: int, seconds: float = 300.0) -> Transcript:
    """Some minutes of talk of one to three people: the higher the seed, the faster, up to more than can be read."""
    chance = random.Random(f"{language} {seed}")
    speakers = [f"SPEAKER_0{number}" for number in range(1 + seed % 3)]
    pace = 0.85 + 0.05 * (9 - seed)
    time, segments, speaker = 0.4, [], speakers[0]
    while time < seconds:
        if len(speakers) > 1 and chance.random() < 0.35:
            speaker = chance.choice([other for other in speakers if other != speaker])
        segments.append(_said(chance, _sentence(chance, language), speaker, time, pace * chance.uniform(0.85, 1.2)))
        time = round(segments[-1].end + chance.choice([0.05, 0.15, 0.3, 0.4, 0.5, 0.6, 0.9, 1.6, 3.0]), 3)
    return Transcript(language, tuple(segments), time, "invented", str(seed))


def _sentence(chance: random.Random, language: str) -> str:
    def pick(words: dict[str, str]) -> str:
        return chance.choice(words[language].split("|"))

    if chance.random() < 0.2:
        return pick(REPLIES)
    clauses = [f"{pick(SUBJECTS)} {pick(VERBS)} {pick(OBJECTS)}"]
    while chance.random() < 0.55:
        clauses.append(pick(PLACES))
        if chance.random() < 0.6:
            comma = "," if language == "ru" or chance.random() < 0.5 else ""
            clauses[-1] += f"{comma} {pick(JOINTS)} {pick(SUBJECTS)} {pick(VERBS)} {pick(OBJECTS)}"
    text = " ".join(clauses)
    return text[0].upper() + text[1:] + chance.choice("....?!")


def _said(chance: random.Random, text: str, speaker: str, time: float, pace: float) -> Segment:
    words = []
    for token in text.split():
        end = time + pace * (0.09 + 0.048 * len(token)) * chance.uniform(0.8, 1.25)
        words.append(Word(token, round(time, 3), round(end, 3), 0.9, speaker))
        time = end + (chance.choice([0.0, 0.1, 0.25]) if token[-1] == "," else chance.choice([0.0, 0.0, 0.02]))
    return Segment(words[0].start, words[-1].end, text, tuple(words), speaker, 0.9)
