"""All kinds of work, by the name of the job's kind."""

from media_pipeline.recipe import Recipe
from media_pipeline.recipes.passage import PASSAGE
from media_pipeline.recipes.subtitled_video import SUBTITLED_VIDEO
from media_pipeline.recipes.transcribe import TRANSCRIBE

RECIPES: dict[str, Recipe] = {recipe.kind: recipe for recipe in (TRANSCRIBE, PASSAGE, SUBTITLED_VIDEO)}
