"""Every page and action of the site."""

from django.urls import path

from jobs.views import doubts, editing, finding, health, jobs, library, panels, recording, segments, uploads, welcome

urlpatterns = [
    path("", library.library, name="library"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("upload/", uploads.upload_page, name="upload"),
    path("uploads/", uploads.upload_create, name="upload_create"),
    path("uploads/<uuid:pk>/", uploads.upload_piece, name="upload_piece"),
    path("uploads/<uuid:pk>/submit/", uploads.upload_submit, name="upload_submit"),
    path("sample/", uploads.sample_view, name="sample"),
    path("recordings/<uuid:pk>/", recording.recording, name="recording"),
    path("recordings/<uuid:pk>/media/", recording.media, name="media"),
    path("recordings/<uuid:pk>/peaks/", recording.peaks, name="peaks"),
    path("recordings/<uuid:pk>/panels/<slug:name>/", panels.panel, name="panel"),
    path("recordings/<uuid:pk>/delete/", recording.recording_delete, name="recording_delete"),
    path("jobs/<uuid:pk>/snapshot/", jobs.job_snapshot, name="job_snapshot"),
    path("jobs/<uuid:pk>/preview/", jobs.job_preview, name="job_preview"),
    path("jobs/<uuid:pk>/cancel/", jobs.job_cancel, name="job_cancel"),
    path("jobs/<uuid:pk>/retry/", jobs.job_retry, name="job_retry"),
    path("jobs/<uuid:pk>/steps/<slug:name>/rerun/", jobs.step_rerun, name="step_rerun"),
    path("jobs/<uuid:pk>/speakers/", jobs.find_speakers, name="find_speakers"),
    path("jobs/<uuid:pk>/export/<slug:name>/", jobs.export, name="export"),
    path("transcripts/<int:pk>/segments/", segments.segments, name="segments"),
    path("transcripts/<int:pk>/find/", finding.find, name="find_in_transcript"),
    path("transcripts/<int:pk>/doubts/", doubts.doubts, name="transcript_doubts"),
    path("transcripts/<int:pk>/text/", segments.text, name="transcript_text"),
    path("transcripts/<int:pk>/changes/", editing.changes, name="transcript_changes"),
    path("transcripts/<int:pk>/state/", editing.state, name="transcript_state"),
    path("transcripts/<int:pk>/undo/", editing.undo, name="transcript_undo"),
    path("transcripts/<int:pk>/redo/", editing.redo, name="transcript_redo"),
    path("transcripts/<int:pk>/restore/", editing.restore, name="transcript_restore"),
    path("transcripts/<int:pk>/history/", editing.history, name="transcript_history"),
    path("transcripts/<int:pk>/matches/", finding.matches, name="transcript_matches"),
    path("health/live/", health.live, name="health_live"),
    path("health/ready/", health.ready, name="health_ready"),
]
