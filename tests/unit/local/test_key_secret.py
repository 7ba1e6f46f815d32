"""The laptop's secret of keys."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shared.local.key_secret import laptop_key_secret


def test_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / ".concord"
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: laptop_key_secret(folder), range(8)))
    (secret,) = made
    assert len(secret) == 64
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert laptop_key_secret(folder) == secret
