"""Keeps a lease while this process builds."""

from __future__ import annotations

import queue
import threading
from enum import Enum

from dejavu_flyte import log
from dejavu_flyte.lease import Lease, LeaseLost, LeaseService

# After a failure, how much earlier the next try comes.
_SOONER = 0.25


class _Order(Enum):
    STOP, DONE, GIVE_BACK = range(3)


class Renewal:
    """Renews a lease in a thread, which a forked child does not have: only who took a lease keeps it or gives it back.

    A process that is killed does neither; the service ends the lease then.
    """

    def __init__(self, service: LeaseService, lease: Lease) -> None:
        self.lease = lease
        self._service = service
        self._orders: queue.SimpleQueue[_Order] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="dejavu-renew", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Renew it no more: the build has ended, and the image or `give_back` ends the lease."""
        self._orders.put(_Order.STOP)

    def done(self) -> None:
        """Forget it: the image ended it."""
        self._orders.put(_Order.DONE)

    def give_back(self, wait: float = 0.0) -> None:
        """End it without an image, in the background; `wait` is for how many seconds to see to that."""
        self._orders.put(_Order.GIVE_BACK)
        if wait:
            self._thread.join(timeout=wait)

    def _work(self) -> None:
        lease, pause = self.lease, self.lease.renew_within
        renewing = True
        while True:
            try:
                order = self._orders.get(timeout=pause if renewing else None)
            except queue.Empty:
                try:
                    lease = self._service.renew(lease)
                    pause = lease.renew_within
                except LeaseLost as e:
                    log.debug("The lease of %s was lost, and the build goes on: %s", lease.key.uri, e)
                    break
                except Exception as e:  # noqa: BLE001  (the build goes on)
                    log.debug("The lease of %s was not renewed: %s", lease.key.uri, e)
                    pause = lease.renew_within * _SOONER
                continue
            if order is _Order.STOP:
                renewing = False
                continue
            if order is _Order.GIVE_BACK:
                self._give_back(lease)
            break
        self._service.close()

    def _give_back(self, lease: Lease) -> None:
        try:
            self._service.give_back(lease)
        except Exception as e:  # noqa: BLE001  (it ends by itself)
            log.debug("The lease of %s was not given back: %s", lease.key.uri, e)
