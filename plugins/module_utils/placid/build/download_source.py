"""Downloads the sdist of one requirement as `pip download` would, but runs nothing that is in it.

pip would have the package say its name and what it needs, which is to run its code here, and fails where it must be compiled.
This is run as a program, in an environment that says where packages come from.
"""

from __future__ import annotations

import sys
from optparse import Values
from pathlib import Path

from pip._internal.cli.cmdoptions import make_target_python
from pip._internal.cli.req_command import with_cleanup
from pip._internal.commands.download import DownloadCommand
from pip._internal.network.utils import HEADERS, raise_for_status, response_chunks


class DownloadSource(DownloadCommand):
    """Finds the file as pip does, with its indexes, credentials and messages, and leaves it as it is."""

    @with_cleanup
    def run(self, options: Values, args: list[str]) -> int:
        options.editables = []  # as pip's own commands have it
        session = self.get_default_session(options)
        finder = self._build_package_finder(options, session, make_target_python(options))
        [requirement] = self.get_requirements(args, options, finder, session)
        if not (found := finder.find_requirement(requirement, upgrade=False)):
            return 1  # never: it raises what pip then writes
        response = session.get(found.link.url_without_fragment, headers=HEADERS, stream=True)
        raise_for_status(response)
        with Path(options.download_dir, Path(found.link.filename).name).open("wb") as file:
            for chunk in response_chunks(response):
                file.write(chunk)
        return 0


if __name__ == "__main__":
    sys.exit(DownloadSource("download", "Download an sdist.").main(sys.argv[1:]))
