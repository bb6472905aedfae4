"""Settings of gunicorn that do not depend on the host."""

from __future__ import annotations

# Nobody uses the control socket; its place, the home directory, is not writable where the application is deployed.
control_socket_disable = True
