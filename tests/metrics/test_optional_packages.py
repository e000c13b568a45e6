"""Optional packages: the error for a missing one."""

import pytest

from tts.metrics.optional_packages import MissingPackageError, require_package


def test_a_missing_package_error_has_the_install_command() -> None:
    with pytest.raises(MissingPackageError, match="uv sync --inexact --extra metrics"):
        require_package("no_such_package", "MOS")
