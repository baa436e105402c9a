"""How exactly products are computed: float32 means float32 on every platform.

Left to themselves, TPUs multiply float32 numbers as bfloat16, and GPUs as TF32, of 8 and 11 significant bits. Every
product of this package names `EXACT` instead (a test reads the lowered programs), so that softmax, loss and
statistics are what they are on a CPU, and `model.dtype=float32` is float32. Products of bfloat16 numbers stay as they
are, and so does all on a CPU.
"""

from jax.lax import Precision

EXACT = Precision.HIGHEST
