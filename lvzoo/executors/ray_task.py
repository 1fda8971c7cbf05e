"""A job that was given to Ray: what it says, how it ended, and what it leaves on its node."""

from __future__ import annotations

import pickle
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Final

from lvzoo.errors import explain_exception
from lvzoo.executors.movable import Movable
from lvzoo.executors.ray_cluster import Ray, Resources, on_node
from lvzoo.executors.ray_files import list_sent
from lvzoo.executors.ray_messages import Message, Order
from lvzoo.executors.ray_node import do_order, remove_folder
from lvzoo.types import Job

FILES_EVERY_S: Final = 300.0
"""How often the files of a training come back. If its node is lost, so much of the training is lost with it."""


class EndedError(Exception):
    """A job has ended without a result; says how."""


class LostError(Exception):
    """The node of a job was lost."""


@dataclass(kw_only=True, eq=False)
class RayTask:
    """A job that was given to Ray."""

    ray: Ray
    job: Job
    stream: Any
    """What Ray yields of its messages."""
    held: ExitStack
    """Its lock, if this machine holds it."""
    folder: str | None
    """The name of its folder on the node, if its files are sent back."""
    node: str | None = None
    """The id of its node; None until it has started."""
    heard_s: float = 0.0
    """When it last said something."""

    def receive(self) -> Message:
        """Return the next message.

        Raises:
            LostError: the node was lost.
            EndedError: the job has ended without a result.
        """
        errors = self.ray.exceptions
        try:
            message: Message = self.ray.get(next(self.stream))
        except StopIteration as error:
            raise EndedError("ended before its work was done") from error
        except (errors.NodeDiedError, errors.ObjectLostError) as error:
            raise LostError from error
        except errors.OutOfMemoryError as error:
            raise EndedError("was killed by Ray, because its node has no memory left") from error
        except errors.WorkerCrashedError as error:
            raise EndedError("was killed or crashed before its work was done (out of memory?)") from error
        except errors.RayTaskError as error:
            raise EndedError(f"failed: {explain_exception(error.cause or error)}") from error
        self.heard_s = time.monotonic()
        return message

    def is_silent(self, longest_s: float) -> bool:
        """Return whether a job that has started has said nothing for so long."""
        if self.node is None or time.monotonic() - self.heard_s < longest_s:
            return False
        said, _ = self.ray.wait([self.stream], timeout=0)  # what it said may not have been received yet
        return not said

    def cancel(self) -> None:
        """End the process of the job."""
        self.ray.cancel(self.stream, force=True)

    def remove_files(self) -> list[object]:
        """Remove the files on the node of a job that was ended. Return the tasks of Ray that do this."""
        if self.folder is None or self.node is None:
            return []
        remove = self.ray.remote(num_cpus=0, max_retries=0)(remove_folder)
        return [remove.options(scheduling_strategy=on_node(self.ray, self.node)).remote(self.folder)]


def submit(
    ray: Ray,
    job: Job,
    *,
    asked: Resources,
    code: Mapping[str, str],
    folder: str | None,
    elsewhere: bool,
    held: ExitStack,
) -> RayTask:
    """Give a job to Ray, with the files that it begins with. `Order` and `RayTask` describe the arguments."""
    settings, last, sent = job.settings, "", dict[str, Any]()
    if isinstance(settings, Movable):
        # the path must be right in another working folder, too
        settings = settings.relocate(output=settings.output.absolute(), inputs=settings.inputs)
        last = settings.status.name
        if folder is not None:
            sent = {name: ray.put(path.read_bytes()) for name, path in list_sent(settings).items()}
    order = Order(
        job=pickle.dumps(replace(job, settings=settings)),
        code=code,
        folder=folder,
        last=last,
        files_every_s=FILES_EVERY_S,
        elsewhere=elsewhere,
    )
    do = ray.remote(max_retries=0, max_calls=1, num_returns="streaming")(do_order)
    stream = do.options(name=job.name, **asked.as_options()).remote(order, sent)
    return RayTask(ray=ray, job=job, stream=stream, held=held, folder=folder)
