"""Strategies that shard a model among the processes of one training."""
