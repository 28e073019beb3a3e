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
from nbformat.v4 import new_notebook

from konbit_lessons.reports.run import KERNEL, kernel_settings

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
        self._client = None

    async def execute(self, notebook):
        """Run the cells of a notebook in place; return None, or the error that stopped it and ended the kernel."""
        try:
            await self._ready()
            self._client.nb = notebook
            self._client.reset_execution_trackers()
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type == "code":
                    cell.metadata["papermill"] = {"start_time": "started"}  # by this a failed run is found to stop here
                await self._client.async_execute_cell(cell, index)
        except Exception as error:
            # As in run: a dozen classes, each of which ends this notebook, and no other.
            await self.end()
            return error
        return None

    async def end(self):
        """End the kernel and every process it started."""
        client, self._client = self._client, None
        if client is None or client.km is None:
            return
        if client.kc is not None:
            client.kc.stop_channels()
        if client.km.has_kernel:
            group = getattr(client.km.provisioner, "pgid", None)
            await client.km.shutdown_kernel(now=True)
            if group and group != os.getpgrp():  # never our own: a group is the kernel's where it leads a session
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(group, signal.SIGKILL)
            await client.km.cleanup_resources()

    async def _ready(self):
        """Start a kernel where there is none that lives, and clear away what was before."""
        if self._client is not None and not await self._client.km.is_alive():
            await self.end()
        if self._client is None:
            await self._start()
        await self._run(CLEAR.format(folder=str(self.folder)))

    async def _start(self):
        config = kernel_settings(self.scratch / f"{uuid4().hex[:12]}.json")  # no two are one
        own = {"kernel_name": KERNEL, "timeout": self.seconds, "startup_timeout": SECONDS_TO_START}
        self._client = nbclient.NotebookClient(new_notebook(), config=config, **own)
        self._client.create_kernel_manager()
        # What a kernel says while it is ended is of no use: what a notebook says comes as messages.
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        await self._client.async_start_new_kernel(cwd=str(self.scratch), **quiet)
        await self._client.async_start_new_kernel_client()
        await self._run(self.warm_up)

    async def _run(self, code):
        """Run code of our own between notebooks."""
        reply = self._client.kc.execute(code, silent=True, store_history=False, reply=True, timeout=SECONDS_TO_START)
        content = (await asyncio.wait_for(reply, SECONDS_TO_START))["content"]
        if content["status"] != "ok":
            raise RuntimeError(f"between two notebooks: {content.get('ename')}: {content.get('evalue')}")
