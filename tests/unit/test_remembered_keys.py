"""How long a process goes by what it was told of a key."""

from shared.domain.keys import StoredKey, permissions_of
from shared.security.remembered_keys import REMEMBER_SECONDS, RememberedKeys


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Table:
    """Keys by id, and which were asked for."""

    def __init__(self, *ids: str) -> None:
        self.keys = {key_id: stored(key_id) for key_id in ids}
        self.asked: list[str] = []

    async def find(self, key_id: str) -> StoredKey | None:
        self.asked.append(key_id)
        return self.keys.get(key_id)


def stored(key_id: str) -> StoredKey:
    return StoredKey(key_id, b"", b"", ["*"], ["*"], None, None, None, None)


async def test_a_key_is_asked_for_again_after_half_a_minute() -> None:
    clock, table = Clock(), Table("a")
    remembered = RememberedKeys(clock=clock)
    for _ in range(2):
        assert await remembered.find("a", table.find) == stored("a")
    assert (table.asked, remembered.has("a")) == (["a"], True)
    clock.now += REMEMBER_SECONDS
    assert not remembered.has("a")
    del table.keys["a"]
    assert await remembered.find("a", table.find) is None
    assert table.asked == ["a", "a"]


async def test_that_there_is_no_such_key_is_remembered_as_long() -> None:
    clock, table = Clock(), Table()
    remembered = RememberedKeys(clock=clock)
    for _ in range(2):
        assert await remembered.find("a", table.find) is None
    assert table.asked == ["a"]
    clock.now += REMEMBER_SECONDS
    table.keys["a"] = stored("a")
    assert await remembered.find("a", table.find) == stored("a")


async def test_strangers_drive_out_no_key_in_use() -> None:
    table = Table("a")
    remembered = RememberedKeys(clock=Clock(), most=2)
    await remembered.find("a", table.find)
    for number in range(10):
        await remembered.find(f"unknown {number}", table.find)
    assert remembered.has("a")
    assert len(remembered._unknown) == 2


async def test_the_oldest_of_too_many_is_forgotten() -> None:
    table = Table("a", "b", "c")
    remembered = RememberedKeys(clock=Clock(), most=2)
    for key_id in "abc":
        await remembered.find(key_id, table.find)
    assert [remembered.has(key_id) for key_id in "abc"] == [False, True, True]


def test_an_action_of_a_later_release_is_none() -> None:
    assert permissions_of(["documents:teleport", "unheard"]) == frozenset()
