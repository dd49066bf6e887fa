"""What people may choose, and the words in which a wrong choice is explained."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs import pipeline_gateway
from jobs.models import Transcript
from jobs.services import first_run
from jobs.services.submit import as_speaker_options
from jobs.wording import translated
from media_pipeline.errors import EngineUnavailable
from media_pipeline.options import SpeakerOptions, TranscribeOptions

LANGUAGES = [
    ("", _("Detect automatically")), ("en", _("English")), ("ar", _("Arabic")), ("zh", _("Chinese")),
    ("cs", _("Czech")), ("da", _("Danish")), ("nl", _("Dutch")), ("fi", _("Finnish")), ("fr", _("French")),
    ("de", _("German")), ("el", _("Greek")), ("he", _("Hebrew")), ("hi", _("Hindi")), ("hu", _("Hungarian")),
    ("id", _("Indonesian")), ("it", _("Italian")), ("ja", _("Japanese")), ("kk", _("Kazakh")), ("ko", _("Korean")),
    ("no", _("Norwegian")), ("fa", _("Persian")), ("pl", _("Polish")), ("pt", _("Portuguese")),
    ("ro", _("Romanian")), ("ru", _("Russian")), ("sr", _("Serbian")), ("sk", _("Slovak")), ("es", _("Spanish")),
    ("sv", _("Swedish")), ("th", _("Thai")), ("tr", _("Turkish")), ("uk", _("Ukrainian")), ("ur", _("Urdu")),
    ("uz", _("Uzbek")), ("vi", _("Vietnamese")),
]  # fmt: skip
SPEAKERS_OFF = ("none", _("Do not tell speakers apart"))
SPEAKERS = [("auto", _("Find out how many")), ("exact", _("I know how many")), ("range", _("Between two numbers"))]
# How many days a link works.
EXPIRIES = [
    ("1", _("For a day")), ("7", _("For a week")), ("30", _("For 30 days")), ("date", _("Until a date")),
    ("never", _("Without end")),
]  # fmt: skip
# Whose choice is to be changed when the gateway refuses.
LATEST = 1e7  # seconds; no recording is longer
FIELD_OF_CODE = {
    "language_unknown": "language",
    "languages_not_mixed": "mixed_languages",
    "context_not_used": "carry_context",
}


def _number_of_speakers(label: Any, initial: int) -> forms.IntegerField:
    most = pipeline_gateway.MAX_SPEAKERS
    return forms.IntegerField(min_value=1, max_value=most, required=False, label=label, initial=initial)


def _vocabulary() -> forms.CharField:
    return forms.CharField(
        max_length=1000,
        required=False,
        label=_("Names and terms"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Words the engine should expect, separated by commas."),
    )


def _options(form: forms.Form, **asked: Any) -> TranscribeOptions | None:
    """What the gateway makes of what was asked for; None when it refuses, and then the form says why."""
    try:
        return pipeline_gateway.transcribe_options(**asked)
    except EngineUnavailable as error:
        form.add_error(FIELD_OF_CODE.get(error.code, "engine"), translated(error.message))
        return None


class SpeakersForm(forms.Form):
    """How many speakers to look for. `speaker_options` holds the answer once the form is valid."""

    speakers = forms.ChoiceField(choices=SPEAKERS, initial="auto", label=_("Speakers"))
    speaker_count = _number_of_speakers(_("Number of speakers"), 2)
    speaker_minimum = _number_of_speakers(_("At least"), 2)
    speaker_maximum = _number_of_speakers(_("At most"), 4)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.speaker_options: SpeakerOptions | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind, minimum, maximum = (data.get(name) for name in ("speakers", "speaker_minimum", "speaker_maximum"))
        if kind == "exact" and not data.get("speaker_count") and "speaker_count" not in self.errors:
            self.add_error("speaker_count", _("Say how many speakers there are, or choose “Automatic”."))
        if kind == "range" and not (minimum or maximum or self.errors):
            self.add_error("speaker_minimum", _("Say how many speakers there are at least or at most."))
        if kind == "range" and minimum and maximum and minimum > maximum:
            self.add_error("speaker_maximum", _("This must not be less than the number before it."))
        if not self.errors:
            count = data["speaker_count"]
            self.speaker_options = as_speaker_options(str(kind), count=count, minimum=minimum, maximum=maximum)
        return data


class OptionsForm(SpeakersForm):
    """Options of one transcription."""

    title = forms.CharField(max_length=300, required=False, label=_("Title"))
    language = forms.ChoiceField(choices=LANGUAGES, required=False, label=_("Language"))
    engine = forms.ChoiceField(label=_("Engine"))
    model = forms.CharField(max_length=100, required=False, label=_("Model"))
    speakers = forms.ChoiceField(choices=[SPEAKERS_OFF, *SPEAKERS], initial="auto", label=_("Speakers"))
    mixed_languages = forms.BooleanField(
        required=False,
        label=_("The recording mixes languages"),
        help_text=_("The language is looked for again and again instead of once."),
    )
    carry_context = forms.BooleanField(
        required=False,
        label=_("Keep wording consistent across the recording"),
        help_text=_("Slower: each part waits for the words before it."),
    )
    vocabulary = _vocabulary()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        engines = pipeline_gateway.speech_engines()
        engine = self.fields["engine"]
        assert isinstance(engine, forms.ChoiceField)
        engine.choices = [(pipeline_gateway.AUTO, _("Automatic")), *((item.name, item.title) for item in engines)]
        engine.initial = pipeline_gateway.AUTO
        self._models = {item.name: item.models for item in engines}
        self.options: TranscribeOptions | None = None

    def clean_model(self) -> str:
        """Only offered names: a path to a checkpoint is for the command line and the settings."""
        model = str(self.cleaned_data["model"])
        engine = str(self.cleaned_data.get("engine", ""))
        if (
            model
            and model not in self._models.get(engine, ())
            and model != pipeline_gateway.default_model_or_none(engine)
        ):
            raise forms.ValidationError(_("This engine has no model of that name. Choose one from the list."))
        return model

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors:
            self.options = _options(
                self,
                engine=data["engine"],
                model=data["model"],
                language=data["language"] or None,
                speakers=self.speaker_options,
                vocabulary=data["vocabulary"],
                mixed_languages=data["mixed_languages"],
                carry_context=data["carry_context"],
            )
        return data


class PassageForm(forms.Form):
    """Who shall hear a passage again. Only engines and models that are on this machine are offered.

    `engine` holds both, as "engine:model". `options` holds the answer once the form is valid.
    """

    engine = forms.ChoiceField(label=_("Engine and model"))
    language = forms.ChoiceField(choices=LANGUAGES, required=False, label=_("Language"))
    vocabulary = _vocabulary()
    start = forms.FloatField(min_value=0, max_value=LATEST)
    end = forms.FloatField(min_value=0, max_value=LATEST)

    def __init__(self, *args: Any, transcript: Transcript, **kwargs: Any) -> None:
        """`transcript` is what was heard so far: whoever is offered first is another one, if there is any."""
        super().__init__(*args, **kwargs)
        listeners = pipeline_gateway.listeners()
        before = (transcript.engine, transcript.model)
        others = [one for one in listeners if (one.engine.name, one.model_title) != before]
        engine = self.fields["engine"]
        assert isinstance(engine, forms.ChoiceField)
        engine.choices = [(_named(one), one.title) for one in listeners]
        engine.initial = next(map(_named, others or listeners), None)
        self.fields["language"].initial = transcript.language
        if transcript.job:
            self.fields["vocabulary"].initial = pipeline_gateway.options_of(transcript.job).vocabulary
        self.options: TranscribeOptions | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            engine, _colon, model = data["engine"].partition(":")
            language, vocabulary = data["language"] or None, data["vocabulary"]
            self.options = _options(self, engine=engine, model=model, language=language, vocabulary=vocabulary)
        return data


def _named(listener: pipeline_gateway.Listener) -> str:
    return f"{listener.engine.name}:{listener.model}"


class ShareForm(forms.Form):
    """A new link to a recording. `expires_at` holds the answer once the form is valid: None for never."""

    expiry = forms.ChoiceField(choices=EXPIRIES, initial="30", label=_("The link works"))
    until = forms.DateField(
        required=False, label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    has_audio = forms.BooleanField(required=False, initial=True, label=_("With the audio or video"))
    password = forms.CharField(
        min_length=8,
        max_length=128,
        required=False,
        label=_("Password"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Optional, at least 8 characters. Send it apart from the link."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expires_at: datetime | None = None
        self.fields["until"].widget.attrs["min"] = timezone.localdate().isoformat()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        expiry, until = data.get("expiry", ""), data.get("until")
        if expiry == "date" and until is None and "until" not in self.errors:
            self.add_error("until", _("Choose the last day on which the link works."))
        elif expiry == "date" and until and until < timezone.localdate():
            self.add_error("until", _("This day is over."))
        elif expiry == "date" and until:
            self.expires_at = timezone.make_aware(datetime.combine(until + timedelta(days=1), time.min))
        elif expiry.isdecimal():
            self.expires_at = timezone.now() + timedelta(days=int(expiry))
        return data


class SharedPasswordForm(forms.Form):
    """What a visitor of a protected link types."""

    password = forms.CharField(
        max_length=128,
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "autofocus": True}),
    )


class WelcomeForm(forms.Form):
    """The first account."""

    email = forms.EmailField(
        max_length=150, label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password1 = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters."),
    )
    password2 = forms.CharField(
        label=_("Password again"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    token = forms.CharField(
        label=_("Set-up token"),
        help_text=_("It was printed where the server was started."),
        widget=forms.PasswordInput(),
    )

    def __init__(self, *args: Any, is_local: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_local:
            del self.fields["token"]

    def clean_token(self) -> str:
        token = str(self.cleaned_data["token"])
        if not first_run.is_right_token(token):
            raise forms.ValidationError(_("This is not the token printed at start."))
        return token

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, second = data.get("password1"), data.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two passwords differ."))
        if first:
            try:
                password_validation.validate_password(first, User(email=data.get("email", "")))
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return data
