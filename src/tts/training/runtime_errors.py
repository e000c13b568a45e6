"""User errors behind torch's RuntimeErrors during a fit."""

import re

from tts.errors import UserError

NOT_DETERMINISTIC = re.compile(r"(\S+) does not have a deterministic implementation")
READER_KILLED = re.compile(r"DataLoader worker \(pid\(?s?\)?.*(?:killed|exited)", re.DOTALL)


def user_error_of(error: RuntimeError) -> UserError | None:
    """Return what the user can do about ``error``; None for a bug."""
    if found := NOT_DETERMINISTIC.match(str(error)):
        return UserError(
            f"trainer.deterministic=true: {found[1]} has no deterministic form on this device; use "
            "trainer.deterministic=warn, which leaves such operations as they are"
        )
    if READER_KILLED.match(str(error)):
        return UserError(
            "a process that reads batches was killed, perhaps for lack of memory: go on with "
            "resume=, and fewer data.workers= or a smaller data.prefetch="
        )
    return None
