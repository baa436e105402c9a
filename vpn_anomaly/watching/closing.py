"""A context manager that closes what a watching writes, and tells the first error alone."""

from vpn_anomaly.errors import UserError


class Closing:
    """Leaving the block calls `close`. Its UserError is raised unless another error ends the block."""

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.close()
        except UserError:
            if kind is None:  # else the error that ends the block is the one to be told
                raise
