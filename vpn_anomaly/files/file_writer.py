"""A context manager that completes a file at its end, without hiding an earlier error."""

from vpn_anomaly.errors import UserError


class FileWriter:
    """Leaving the block calls `close`, whose UserError is dropped if another error ends the block."""

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.close()
        except UserError:
            if kind is None:  # else the error that ends the block is raised
                raise

    def close(self) -> None:
        """Completes the file. A second call does nothing. UserError if it cannot be written."""
        raise NotImplementedError
