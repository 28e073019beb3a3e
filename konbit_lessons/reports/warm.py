"""A kernel that stays: it has imported the package and runs one notebook after the other, each in a clean namespace.

Between ``run``, which starts a kernel for each notebook, and ``briefs``, which makes many pages of one notebook. What a
notebook leaves behind is cleared before the next; after one that failed, the kernel is ended and another begins.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
from uuid import uuid4

import nbclient
from jupyter_client import AsyncKernelManager
from traitlets.config import Config

from konbit_lessons.reports.run import KERNEL, TRANSPORT

SECONDS_TO_START = 120
CLEAR = "get_ipython().reset(new_session=False); __import__('os').chdir({folder!r})"


class WarmKernel:
    """One kernel, started when it is first needed. Use it in ``own_kernel`` and end it with ``await kernel.end()``.

    Parameters
    ----------
    folder : Path, where relative paths of the notebooks start
    scratch : Path, a folder for the kernel's sockets, which goes when the run ends
    warm_up : str, Python to run once in each new kernel
    seconds : int, the longest that one cell may take
    """

    def __init__(self, folder, *, scratch, warm_up, seconds):
        self.folder, self.scratch, self.warm_up, self.seconds = folder, scratch, warm_up, seconds
        self._manager = self._client = None

    async def execute(self, notebook):
        """Run the cells of a notebook in place; return None, or the error that stopped it and ended the kernel."""
        try:
            await self._ready()
            client = nbclient.NotebookClient(notebook, km=self._manager, timeout=self.seconds)
            client.kc = self._client
            client.reset_execution_trackers()
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type == "code":
                    cell.metadata["papermill"] = {"start_time": "started"}  # by this a failed run is found to stop here
                await client.async_execute_cell(cell, index)
        except Exception as error:
            # As in run: a dozen classes, each of which ends this notebook, and no other.
            await self.end()
            return error
        return None

    async def end(self):
        """End the kernel and every process it started."""
        manager, client, self._manager, self._client = self._manager, self._client, None, None
        if client is not None:
            client.stop_channels()
        if manager is not None and manager.has_kernel:
            group = getattr(manager.provisioner, "pgid", None)
            await manager.shutdown_kernel(now=True)
            if group and group != os.getpgrp():  # never our own: a group is the kernel's where it leads a session
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(group, signal.SIGKILL)
            await manager.cleanup_resources()

    async def _ready(self):
        """Start a kernel where there is none that lives, and clear away what was before."""
        if self._manager is not None and not await self._manager.is_alive():
            await self.end()
        if self._manager is None:
            await self._start()
        await self._run(CLEAR.format(folder=str(self.folder)))

    async def _start(self):
        config = Config(KernelManager={"transport": TRANSPORT})
        file = str(self.scratch / f"{uuid4().hex[:12]}.json")  # the sockets stand beside it, so that no two are one
        self._manager = AsyncKernelManager(kernel_name=KERNEL, config=config, connection_file=file)
        # What a kernel says while it is ended is of no use: what a notebook says comes as messages.
        await self._manager.start_kernel(cwd=str(self.folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._client = self._manager.client()
        self._client.start_channels()
        await self._client.wait_for_ready(timeout=SECONDS_TO_START)
        self._client.allow_stdin = False
        await self._run(self.warm_up)

    async def _run(self, code):
        """Run code of our own between notebooks."""
        reply = self._client.execute(code, silent=True, store_history=False, reply=True, timeout=SECONDS_TO_START)
        content = (await asyncio.wait_for(reply, SECONDS_TO_START))["content"]
        if content["status"] != "ok":
            raise RuntimeError(f"between two notebooks: {content.get('ename')}: {content.get('evalue')}")
