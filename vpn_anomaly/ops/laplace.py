"""The discretised Laplace distribution over the 256 intensities: a narrow peak around a copied value.

    P(v) = F(v + ½) − F(v − ½),   F the distribution function of Laplace(centre, scale),

where 0 has all that is below ½, and 255 all that is above 254½, so that the probabilities sum to one. Values and
centres are in 0..255, and the scale is in grey levels. As the scale vanishes, all of it lies on the value that is
nearest to the centre.
"""

import jax
import jax.numpy as jnp

LARGEST = 255


def probability(value: jax.Array, centre: jax.Array, scale: jax.Array) -> jax.Array:
    """P(value); the arguments broadcast against each other."""
    beyond, upper, lower = _distances(value, centre, scale)
    near, far = jnp.exp(-jnp.abs(upper)), jnp.exp(-lower)
    return jnp.where(beyond, (near - far) / 2, 1 - (near + far) / 2)


def probabilities(centre_CxN: jax.Array, scale_N: jax.Array) -> jax.Array:
    """`probability` of all 256 values, (C, 256, N).

    With one exponential for each: beyond the nearest value, what two ends of an interval have are in one ratio.
    """
    values_Vx1 = jnp.arange(LARGEST + 1)[:, None]
    nearest_CxN = jnp.clip(jnp.round(centre_CxN), 0, LARGEST)
    of_nearest_CxN = probability(nearest_CxN, centre_CxN, scale_N)
    edge_Vx1 = (values_Vx1 == 0) | (values_Vx1 == LARGEST)
    share_VxN = jnp.where(edge_Vx1, 0.5, -jnp.expm1(-1 / scale_N) / 2)
    upper_CxVxN = (jnp.abs(values_Vx1 - centre_CxN[:, None]) - 0.5) / scale_N
    is_nearest = values_Vx1 == nearest_CxN[:, None]
    return jnp.where(is_nearest, of_nearest_CxN[:, None], share_VxN * jnp.exp(-upper_CxVxN))


def log_probability(value: jax.Array, centre: jax.Array, scale: jax.Array) -> jax.Array:
    """log P(value), accurate where P(value) underflows, in nats; the arguments broadcast against each other."""
    beyond, upper, lower = _distances(value, centre, scale)
    # Each branch only sees arguments of its own side: gradients of the other one would be infinite.
    outside = jnp.where(beyond, upper, 0.0)
    ratio = jnp.exp(outside - jnp.where(beyond, lower, 1.0))
    inside = jnp.where(beyond, -1.0, upper)
    sides = jnp.exp(inside) + jnp.exp(-jnp.where(beyond, 1.0, lower))
    return jnp.where(beyond, jnp.log1p(-ratio) - outside - jnp.log(2.0), jnp.log1p(-sides / 2))


def _distances(value, centre, scale):
    """Whether the centre lies outside the value's interval; how far beyond its nearer end (negative inside), and
    the distance to its farther end, which is infinite at 0 and 255; both in scales."""
    distance = jnp.abs(value - centre)
    edge = (value == 0) & (centre >= value) | (value == LARGEST) & (centre <= value)
    upper = (distance - 0.5) / scale
    return distance > 0.5, upper, jnp.where(edge, jnp.inf, (distance + 0.5) / scale)
