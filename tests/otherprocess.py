"""What another process would meet, asked in a fork of this one."""

import multiprocessing

from diffusion.errors import UserError
from diffusion.runs.claim import Claim

fork = multiprocessing.get_context("fork")


def in_another_process(work, *arguments):
    """What `work` returns in a process without claims, or the sentence of its refusal."""

    def run(end):
        Claim.held.clear()
        try:
            end.send(work(*arguments))
        except UserError as error:
            end.send(str(error))

    here, there = fork.Pipe()
    process = fork.Process(target=run, args=(there,))
    process.start()
    there.close()
    answer = here.recv()
    process.join()
    return answer
