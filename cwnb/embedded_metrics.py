"""The part of `Logs` that reads metrics out of messages in the embedded metric format."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from cwnb import arguments
from cwnb.errors import ResourceNotFound, StoreReadOnly
from cwnb.plurals import counted
from cwnb.results.listings import EMBEDDED_METRICS, listing

if TYPE_CHECKING:
    from pandas import DataFrame

    from cwnb.store import Store


class EmbeddedMetrics:
    """Reads the metrics that messages carry, for groups for which that is switched on."""

    store: Store

    def put_embedded_metrics(self, group: str, *, replay: bool = False) -> None:
        """Read the metrics that messages of a log group carry, in the embedded metric format.

        >>> logs.put_embedded_metrics("/shop/checkout", replay=True)
        >>> logs.metrics("/shop/checkout")

        Such a message is a JSON object with `_aws.CloudWatchMetrics` and `_aws.Timestamp`, which is
        the time of its values. Every set of dimensions gives a metric of its own. A message that
        breaks a rule of the format gives none, and is counted in `embedded_metrics()`. Messages
        count that become visible from now on; with `replay` all that ever did, in place of what was
        counted, but for loads with `deliver=False`. Raises ResourceNotFound, InvalidParameter.
        """
        from cwnb.delivery import embedded

        replay = arguments.flag("replay", replay)
        embedded.switch_on(self.store, arguments.one_group(group), replay=replay)

    def delete_embedded_metrics(self, group: str) -> None:
        """Read the metrics in messages of a log group no more; points stay.

        Raises ResourceNotFound.
        """
        from cwnb.delivery import embedded

        group_id = self.store.group_id(arguments.one_group(group))
        if group_id not in {one.group_id for one in embedded.all_of(self.store)}:
            raise ResourceNotFound(
                f"the metrics in messages of log group {group!r} are not read; "
                "put_embedded_metrics() switches that on"
            )
        embedded.switch_off(self.store, group_id)

    def embedded_metrics(self) -> DataFrame:
        """Give the log groups whose messages are read for metrics, a row each.

        `documents` have been read, of which `malformed` break a rule; `last_malformed` says what
        the last of them does. `expired`: messages whose retention ended before they were read.
        Counted is up to the last call of `metrics()`.
        """
        from cwnb.delivery import embedded

        return listing(embedded.all_of(self.store), EMBEDDED_METRICS)

    def _catch_up_embedded(self, named: set[int] | None) -> bool:
        """Count what has become visible in these groups, and warn of what breaks a rule.

        Tells whether one of them has metrics in its messages.
        """
        from cwnb.delivery import embedded

        found = [
            one for one in embedded.all_of(self.store) if named is None or one.group_id in named
        ]
        for one in found:
            try:
                now = embedded.catch_up(self.store, one)
            except StoreReadOnly as error:
                warnings.warn(f"{error}: points are as they were last counted", stacklevel=4)
                break
            if now is not None and (more := now.malformed - one.malformed) > 0:
                breaks, gives = ("breaks", "gives") if more == 1 else ("break", "give")
                warnings.warn(
                    f"{counted(more, 'message')} of log group {one.group!r} {breaks} a rule of the "
                    f"embedded metric format and {gives} no metrics; the last: "
                    f"{now.last_malformed}",
                    stacklevel=4,
                )
        return bool(found)
