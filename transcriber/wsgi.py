"""For servers that speak WSGI only. Live progress then falls back to polling."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "transcriber.settings")
application = get_wsgi_application()
