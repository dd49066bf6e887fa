"""`manage.py evaluate --reference REF FILE`: how right, fast and large each engine is, on your own recording."""

import json
import logging
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs.services import evaluate
from media_pipeline.errors import PipelineError
from media_pipeline.evaluation import comparison, reference


class Command(BaseCommand):
    help = (
        "Compare engines on recordings whose words, or speakers, you know. The table goes to stdout, progress to"
        " stderr; nothing is stored. Ends with status 1 when a file cannot be used or an engine fails."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--reference",
            action="append",
            required=True,
            type=Path,
            metavar="REF",
            help=f"What is right ({', '.join(reference.ENDINGS)}): once for each FILE, in the same order; or one"
            " folder that holds a reference of the same name for each.",
        )
        parser.add_argument(
            "--engine",
            action="extend",
            nargs="+",
            default=[],
            metavar="NAME",
            help="For words or for speakers. All that can be used here when not given.",
        )
        parser.add_argument("--model", default="", help="A name, or a path to a checkpoint, for each speech engine.")
        parser.add_argument("--language", default="", help="Such as en; detected when not given.")
        parser.add_argument("--device", default="", choices=["auto", "cpu", "cuda"], help="Instead of DEVICE.")
        parser.add_argument("--json", type=Path, metavar="PATH", help="Write all figures here, too.")

    def handle(self, *, files: list[Path], **options: Any) -> None:
        logging.getLogger().setLevel(logging.ERROR)  # stderr is for progress and for people
        try:
            entries = self._evaluate(files, options)
            self.stdout.write(comparison.table(entries))
            if options["json"]:
                options["json"].write_text(json.dumps(comparison.as_json(entries), indent=2) + "\n", encoding="utf-8")
        except (PipelineError, OSError) as error:
            self.stderr.write(getattr(error, "message", str(error)))
            raise SystemExit(1) from None
        except KeyboardInterrupt:
            self.stderr.write("Stopped.")
            raise SystemExit(130) from None
        if any(entry.problem and not entry.is_left_out for entry in entries):
            raise SystemExit(1)

    def _evaluate(self, files: list[Path], options: dict[str, Any]) -> list[comparison.Entry]:
        compared = evaluate.pairs(files, options["reference"])
        chosen = evaluate.candidates(
            options["engine"],
            model=options["model"],
            language=options["language"] or None,
            wants_words=any(pair.reference.passages for pair in compared),
            wants_speakers=any(pair.reference.turns for pair in compared),
        )
        return evaluate.evaluate(compared, chosen, device=options["device"], tell=self.stderr.write)
