"""Text-to-speech research on PyTorch Lightning and Hydra."""
