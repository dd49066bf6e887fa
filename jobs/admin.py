"""What staff see. Rows can be read, searched and acted on; the actions call the same services as the pages."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.models import Artifact, Change, Job, Recording, Segment, Share, Speaker, StepRun, Transcript, Upload
from jobs.services import lifecycle, people, recovery, share_links

if TYPE_CHECKING:
    AnyAdmin = ModelAdmin[Any]
    StepRunInline = admin.TabularInline[StepRun, Job]
    DjangoUserAdmin = UserAdmin[User]
else:
    AnyAdmin, StepRunInline, DjangoUserAdmin = ModelAdmin, admin.TabularInline, UserAdmin


class ReadOnlyAdmin(AnyAdmin):
    """Rows are made and deleted by the site, which knows of their files, not by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class DeletedByServiceAdmin(AnyAdmin):
    """Deleting a row takes along all that belongs to it, files too, and needs the right to delete that row only."""

    delete_one: Callable[[Any], object]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        type(self).delete_one(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            type(self).delete_one(row)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], Any]:
        shown, counts, _, protected = super().get_deleted_objects(objs, request)
        return shown, counts, set(), protected


def _act(request: HttpRequest, jobs: QuerySet[Job], act: Callable[[Job], bool], sentence: str) -> None:
    """Do something with each job, and say with how many it was done: `sentence` has %(done)d and %(total)d."""
    results = [act(job) for job in jobs]
    done, total = sum(results), len(results)
    level = messages.SUCCESS if done == total else messages.WARNING
    messages.add_message(request, level, sentence % {"done": done, "total": total})


class StepInline(StepRunInline):
    model = StepRun
    fields = readonly_fields = (
        "name",
        "part",
        "lane",
        "status",
        "attempt",
        "failures",
        "seconds",
        "worker",
        "error_code",
    )
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "recording",
        "owner",
        "kind",
        "status",
        "percent",
        "stage",
        "error_code",
        "created_at",
        "ended_at",
    )
    list_filter = ("status", "kind", "created_at", "error_code")
    search_fields = ("id", "recording__title", "recording__owner__email")
    list_select_related = ("recording__owner",)
    date_hierarchy = "created_at"
    inlines = (StepInline,)
    actions = ("retry", "cancel", "recover")

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Who may run the actions."""
        return request.user.has_perm("jobs.change_job")

    @admin.display(ordering="recording__owner")
    def owner(self, job: Job) -> str:
        return str(job.recording.owner or _("command line"))

    @admin.action(description=gettext_lazy("Retry the chosen jobs"), permissions=["act"])
    def retry(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        _act(request, jobs, lifecycle.retry, _("%(done)d of %(total)d jobs started again."))

    @admin.action(description=gettext_lazy("Cancel the chosen jobs"), permissions=["act"])
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        _act(request, jobs, lifecycle.cancel, _("%(done)d of %(total)d jobs cancelled."))

    @admin.action(description=gettext_lazy("Recover lost work now"), permissions=["act"])
    def recover(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        swept = recovery.sweep()
        sentence = _("%(expired)d steps taken back, %(rung)d rung again, %(advanced)d jobs moved on.")
        counts = {"expired": swept.expired, "rung": swept.rung, "advanced": swept.advanced}
        messages.success(request, sentence % counts)


@admin.register(Recording)
class RecordingAdmin(DeletedByServiceAdmin, ReadOnlyAdmin):
    list_display = ("title", "owner", "duration", "size_bytes", "has_video", "created_at")
    list_filter = ("has_video", "created_at")
    search_fields = ("id", "title", "original_name", "owner__email")
    list_select_related = ("owner",)
    date_hierarchy = "created_at"
    delete_one = staticmethod(lifecycle.delete_recording)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return AnyAdmin.has_delete_permission(self, request, obj)


admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(DeletedByServiceAdmin, DjangoUserAdmin):
    """Django's own, but for deleting."""

    delete_one = staticmethod(people.delete_person)


@admin.register(StepRun)
class StepRunAdmin(ReadOnlyAdmin):
    list_display = ("name", "part", "job", "lane", "status", "attempt", "failures", "seconds", "worker", "lease_until")
    list_filter = ("status", "name", "lane", "error_code")
    search_fields = ("job__id", "worker")
    exclude = ("preview",)


@admin.register(Artifact)
class ArtifactAdmin(ReadOnlyAdmin):
    list_display = ("name", "step", "part", "job", "size_bytes", "created_at")
    list_filter = ("name", "step")
    search_fields = ("job__id", "key")


@admin.register(Transcript)
class TranscriptAdmin(ReadOnlyAdmin):
    list_display = ("recording", "language", "engine", "model", "created_at")
    list_filter = ("language", "engine")
    search_fields = ("recording__title",)
    list_select_related = ("recording",)


@admin.register(Segment)
class SegmentAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "transcript", "speaker", "is_edited", "revision")
    search_fields = ("transcript__id",)
    list_select_related = ("transcript", "speaker")


@admin.register(Speaker)
class SpeakerAdmin(ReadOnlyAdmin):
    list_display = ("label", "name", "transcript")
    search_fields = ("name",)
    list_select_related = ("transcript",)


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    list_display = ("number", "transcript", "kind", "person", "standing", "created_at")
    list_filter = ("kind", "created_at")
    search_fields = ("transcript__id", "person__email")
    list_select_related = ("transcript", "person")


@admin.register(Share)
class ShareAdmin(ReadOnlyAdmin):
    list_display = ("recording", "owner", "has_audio", "views", "created_at", "expires_at", "revoked_at")
    list_filter = ("has_audio", "created_at")
    search_fields = ("id", "recording__title", "recording__owner__email")
    list_select_related = ("recording__owner",)
    exclude = ("password",)
    actions = ("revoke",)

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Who may run the action."""
        return request.user.has_perm("jobs.change_share")

    @admin.display(ordering="recording__owner")
    def owner(self, share: Share) -> str:
        return str(share.recording.owner or _("command line"))

    @admin.action(description=gettext_lazy("Revoke the chosen links"), permissions=["act"])
    def revoke(self, request: HttpRequest, shares: QuerySet[Share]) -> None:
        done, total = sum(map(share_links.revoke, shares)), len(shares)
        messages.success(request, _("%(done)d of %(total)d links revoked.") % {"done": done, "total": total})


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    list_display = ("original_name", "owner", "received_bytes", "size_bytes", "updated_at")
    search_fields = ("original_name", "owner__email")
    list_select_related = ("owner",)
