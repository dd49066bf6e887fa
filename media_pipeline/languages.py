"""What is known about languages by their BCP 47 code."""

from babel import Locale, UnknownLocaleError

_WRITTEN_WITHOUT_SPACES = frozenset(("zh", "ja", "th", "lo", "my", "yue"))
_WRITTEN_FROM_THE_RIGHT = frozenset(("ar", "he", "fa", "ur", "yi", "ps", "sd", "ckb", "ug"))

# ISO 639-1 and the terms of ISO 639-2/T, which MP4 and Matroska name their tracks by. https://www.loc.gov/standards/iso639-2/
_IN_THREE_LETTERS = dict(
    pair.split("-")
    for pair in """
    aa-aar ab-abk ae-ave af-afr ak-aka am-amh an-arg ar-ara as-asm av-ava ay-aym az-aze ba-bak be-bel bg-bul bi-bis
    bm-bam bn-ben bo-bod br-bre bs-bos ca-cat ce-che ch-cha co-cos cr-cre cs-ces cu-chu cv-chv cy-cym da-dan de-deu
    dv-div dz-dzo ee-ewe el-ell en-eng eo-epo es-spa et-est eu-eus fa-fas ff-ful fi-fin fj-fij fo-fao fr-fra fy-fry
    ga-gle gd-gla gl-glg gn-grn gu-guj gv-glv ha-hau he-heb hi-hin ho-hmo hr-hrv ht-hat hu-hun hy-hye hz-her ia-ina
    id-ind ie-ile ig-ibo ii-iii ik-ipk io-ido is-isl it-ita iu-iku ja-jpn jv-jav jw-jav ka-kat kg-kon ki-kik kj-kua
    kk-kaz kl-kal km-khm kn-kan ko-kor kr-kau ks-kas ku-kur kv-kom kw-cor ky-kir la-lat lb-ltz lg-lug li-lim ln-lin
    lo-lao lt-lit lu-lub lv-lav mg-mlg mh-mah mi-mri mk-mkd ml-mal mn-mon mr-mar ms-msa mt-mlt my-mya na-nau nb-nob
    nd-nde ne-nep ng-ndo nl-nld nn-nno no-nor nr-nbl nv-nav ny-nya oc-oci oj-oji om-orm or-ori os-oss pa-pan pi-pli
    pl-pol ps-pus pt-por qu-que rm-roh rn-run ro-ron ru-rus rw-kin sa-san sc-srd sd-snd se-sme sg-sag si-sin sk-slk
    sl-slv sm-smo sn-sna so-som sq-sqi sr-srp ss-ssw st-sot su-sun sv-swe sw-swa ta-tam te-tel tg-tgk th-tha ti-tir
    tk-tuk tl-tgl tn-tsn to-ton tr-tur ts-tso tt-tat tw-twi ty-tah ug-uig uk-ukr ur-urd uz-uzb ve-ven vi-vie vo-vol
    wa-wln wo-wol xh-xho yi-yid yo-yor yue-zho za-zha zh-zho zu-zul
    """.split()  # noqa: SIM905
)


def has_spaces(language: str) -> bool:
    """Whether `language` puts spaces between words. Where it does not, a word carries what spaces there are."""
    return language.partition("-")[0].lower() not in _WRITTEN_WITHOUT_SPACES


def is_right_to_left(language: str) -> bool:
    """Whether `language` is written from right to left."""
    return language.partition("-")[0].lower() in _WRITTEN_FROM_THE_RIGHT


def three_letters(language: str) -> str:
    """Such as "rus" for ru, by ISO 639-2/T; "und" where that has no name for it."""
    code = language.partition("-")[0].lower()
    return _IN_THREE_LETTERS.get(code) or (code if len(code) == 3 and code.isascii() and code.isalpha() else "und")


def own_name(language: str) -> str:
    """What its speakers call it, such as "русский" for ru; the code itself where it has no name."""
    try:
        return Locale.parse(language, sep="-").get_language_name() or language
    except (UnknownLocaleError, ValueError):
        return language


def english_name(language: str) -> str:
    """Such as "Russian" for ru; the code itself where it has no name."""
    try:
        return Locale.parse(language, sep="-").get_language_name("en") or language
    except (UnknownLocaleError, ValueError):
        return language
