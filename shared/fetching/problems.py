"""Why things fail, as errors tell it."""

from enum import StrEnum


class FetchProblem(StrEnum):
    """Why something could not be fetched."""

    REFUSED_ADDRESS = "refused_address"
    REFUSED_BY_ROBOTS = "refused_by_robots"
    UNREACHABLE = "unreachable"
    REFUSED_BY_SERVER = "refused_by_server"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    UNREADABLE_ANSWER = "unreadable_answer"
