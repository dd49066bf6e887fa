"""The sockets."""

from django.urls import path

from jobs.consumers import JobConsumer

websocket_urlpatterns = [path("ws/jobs/<uuid:pk>/", JobConsumer.as_asgi())]
