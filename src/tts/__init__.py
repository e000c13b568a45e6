"""Text-to-speech research on PyTorch Lightning and Hydra."""

from tts.search_path import (
    hide_settings,
    leave_out_current_folder,
    started_as_module,
    started_by_command,
)

if started_as_module():
    leave_out_current_folder(as_module=True)
elif started_by_command():
    hide_settings()
