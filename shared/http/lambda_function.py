"""What a Lambda environment calls for a function behind HTTP."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter
from mangum import Mangum

from shared.aws.invocation import invocation
from shared.aws.snapshots import renew_after_restore
from shared.aws.start import end_start, read_secrets_ahead
from shared.config import PublicSettings, load_settings, runs_on_lambda
from shared.errors import InvalidRequest
from shared.http.application import build_application
from shared.observability import quiet_libraries

# API Gateway hangs up after 30 seconds, of which a cold start may have taken some.
_GATEWAY_SECONDS = 27.0


class HttpFunction[Settings: PublicSettings]:
    """One route as a Lambda handler.

    `resources` names what its routes ask for and how each is opened from the function's settings.
    On Lambda everything is built during init, so that a missing variable stops the process there;
    elsewhere importing a handler builds nothing until it is called.
    """

    def __init__(
        self,
        router: APIRouter,
        settings: type[Settings],
        **resources: Callable[[Settings], object],
    ) -> None:
        self.router = router
        self.settings = settings
        self.resources: Mapping[str, Callable[[Settings], object]] = resources
        self._adapter: Mangum | None = None
        if runs_on_lambda():
            self._start()

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answers an event of an HTTP API. Raises InvalidRequest for one of another source."""
        match event:
            case {"version": "2.0", "requestContext": {"http": {}}}:
                pass
            case _:
                raise InvalidRequest("The event comes from elsewhere than an HTTP API with payload 2.0.")
        adapter = self._adapter or self._start()
        with invocation(context, at_most_seconds=_GATEWAY_SECONDS) as current:
            try:
                return adapter(event, context)
            finally:
                if current.afterwards:
                    asyncio.get_event_loop().run_until_complete(current.finish())

    def _start(self) -> Mangum:
        quiet_libraries()
        settings = load_settings(self.settings)
        renew_after_restore()
        read_secrets_ahead(settings)
        application = build_application([self.router], settings)
        for name, open_resource in self.resources.items():
            setattr(application.state, name, open_resource(settings))
        self._adapter = Mangum(application, lifespan="off")
        end_start()
        return self._adapter
