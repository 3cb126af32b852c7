"""What agents may import beside the standard library: with --imports=image what the images of the tasks have.

The file images.json in the folder of the tasks says which modules each image has; no image is looked into and no
engine is asked here.
"""

from collections.abc import Mapping

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.tasks.image_name import pinned
from bitsec_eval.hub.log import log_event
from bitsec_eval.hub.settings import IMAGE, HubSettings
from bitsec_eval.hub.views.catalogue import Catalogue
from bitsec_eval.support.image_modules import FILE, read_modules


class ImportRule:
    """The import rule of a hub; tasks and the file may change while it runs."""

    def __init__(self, settings: HubSettings, catalogue: Catalogue) -> None:
        self.follows_images = settings.imports == IMAGE
        self._path = settings.tasks / FILE
        self._catalogue = catalogue
        self._known: Mapping[str, frozenset[str]] = {}

    def check(self) -> None:
        """Look whether the file says what each task's image has.

        Raises:
            SettingsError: it does not; the message says how to make it.
        """
        if not self.follows_images:
            return
        self._known = read_modules(self._path)
        for task in self._catalogue.tasks():
            if task.image and task.image not in self._known:
                build = f"bitsec-eval image build --with REQUIREMENTS --name {pinned(task.image).name}"
                raise SettingsError(
                    f"--imports=image: {self._path} lacks {task.image}, the image of {task.id};"
                    f" note it with {build} --list {self._path}"
                )

    def of_image(self, image: str) -> frozenset[str]:
        """Return what agents of tasks with this image may import beside the standard library."""
        return self._modules().get(image, frozenset())

    def libraries(self) -> frozenset[str]:
        """Return what an agent may import beside the standard library: what the image of any task has."""
        known = self._modules()
        if not known:
            return frozenset()
        images = {task.image for task in self._catalogue.tasks()}
        return frozenset().union(*(known[image] for image in images & known.keys()))

    def _modules(self) -> Mapping[str, frozenset[str]]:
        """Return what the file says now, or what it said before it was spoilt."""
        if self.follows_images:
            try:
                self._known = read_modules(self._path)
            except SettingsError as error:
                log_event("images not read", error=error)
        return self._known
