"""What people may choose, and the words in which a wrong choice is explained."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.models import User

from jobs import pipeline_gateway
from jobs.services import first_run
from jobs.services.submit import as_speaker_options
from media_pipeline.errors import EngineUnavailable
from media_pipeline.options import TranscribeOptions

LANGUAGES = [
    ("", "Detect automatically"), ("en", "English"), ("ar", "Arabic"), ("zh", "Chinese"), ("cs", "Czech"),
    ("da", "Danish"), ("nl", "Dutch"), ("fi", "Finnish"), ("fr", "French"), ("de", "German"), ("el", "Greek"),
    ("he", "Hebrew"), ("hi", "Hindi"), ("hu", "Hungarian"), ("id", "Indonesian"), ("it", "Italian"),
    ("ja", "Japanese"), ("kk", "Kazakh"), ("ko", "Korean"), ("no", "Norwegian"), ("fa", "Persian"), ("pl", "Polish"),
    ("pt", "Portuguese"), ("ro", "Romanian"), ("ru", "Russian"), ("sr", "Serbian"), ("sk", "Slovak"),
    ("es", "Spanish"), ("sv", "Swedish"), ("th", "Thai"), ("tr", "Turkish"), ("uk", "Ukrainian"), ("ur", "Urdu"),
    ("uz", "Uzbek"), ("vi", "Vietnamese"),
]  # fmt: skip
SPEAKERS = [("none", "Do not tell speakers apart"), ("auto", "Find out how many"), ("exact", "I know how many")]


class OptionsForm(forms.Form):
    """Options of one transcription."""

    title = forms.CharField(max_length=300, required=False, label="Title")
    language = forms.ChoiceField(choices=LANGUAGES, required=False, label="Language")
    engine = forms.ChoiceField(label="Engine")
    model = forms.CharField(max_length=100, required=False, label="Model")
    speakers = forms.ChoiceField(choices=SPEAKERS, initial="auto", label="Speakers")
    speaker_count = forms.IntegerField(
        min_value=1, max_value=pipeline_gateway.MAX_SPEAKERS, required=False, label="How many"
    )
    vocabulary = forms.CharField(
        max_length=1000,
        required=False,
        label="Names and terms",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Words the engine should expect, separated by commas.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        engines = pipeline_gateway.speech_engines()
        engine = self.fields["engine"]
        assert isinstance(engine, forms.ChoiceField)
        engine.choices = [(pipeline_gateway.AUTO, "Automatic"), *((item.name, item.title) for item in engines)]
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
            raise forms.ValidationError("This engine has no model of that name. Choose one from the list.")
        return model

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("speakers") == "exact" and not data.get("speaker_count"):
            self.add_error("speaker_count", "Say how many speakers there are, or choose “Find out how many”.")
        if not self.errors:
            self._resolve(data)
        return data

    def _resolve(self, data: dict[str, Any]) -> None:
        try:
            self.options = pipeline_gateway.transcribe_options(
                engine=data["engine"],
                model=data["model"],
                language=data["language"] or None,
                speakers=as_speaker_options(data["speakers"], data["speaker_count"]),
                vocabulary=data["vocabulary"],
            )
        except EngineUnavailable as error:
            self.add_error("language" if error.code == "language_unknown" else "engine", error.message)


class WelcomeForm(forms.Form):
    """The first account."""

    email = forms.EmailField(max_length=150, label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password1 = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters.",
    )
    password2 = forms.CharField(
        label="Password again", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    token = forms.CharField(
        label="Set-up token", help_text="It was printed where the server was started.", widget=forms.PasswordInput()
    )

    def __init__(self, *args: Any, is_local: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_local:
            del self.fields["token"]

    def clean_token(self) -> str:
        token = str(self.cleaned_data["token"])
        if not first_run.is_right_token(token):
            raise forms.ValidationError("This is not the token printed at start.")
        return token

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, second = data.get("password1"), data.get("password2")
        if first and second and first != second:
            self.add_error("password2", "The two passwords differ.")
        if first:
            try:
                password_validation.validate_password(first, User(email=data.get("email", "")))
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return data
