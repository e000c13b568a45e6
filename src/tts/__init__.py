"""Text-to-speech research on PyTorch Lightning and Hydra."""

from tts.search_path import leave_out_current_folder, started_as_module

if started_as_module():
    leave_out_current_folder(as_module=True)
