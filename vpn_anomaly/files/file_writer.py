"""A context manager that completes a file at its end, and raises the first of two errors."""

from vpn_anomaly.errors import UserError


class FileWriter:
    """Leaving the block calls `close`. Its UserError is raised unless another error ends the block."""

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.close()
        except UserError:
            if kind is None:  # else the error that ends the block is the one to raise
                raise

    def close(self) -> None:
        """Completes the file. A second call does nothing. UserError where it cannot be written."""
        raise NotImplementedError
