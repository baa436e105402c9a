"""Several processes that work on one task: how they start, agree, share work, and end together.

Devices and arrays are JAX's own affair (jax.distributed, one mesh, Orbax). What is here is what JAX has no
word for: that a refusal of one process reaches all, and that nobody waits for one that is no more.
"""
