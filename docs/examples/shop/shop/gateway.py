"""The payment gateway: remembers idempotency keys, as real ones do."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Charge:
    """Money that was taken."""

    id: str
    order_id: int
    cents: int


@dataclass
class Gateway:
    """Charges cards. The same `idempotency_key` a second time answers with the first charge."""

    charges: list[Charge] = field(default_factory=list)
    failing: list[Exception] = field(default_factory=list)
    _by_key: dict[str, Charge] = field(default_factory=dict)

    def charge(self, order_id: int, cents: int, idempotency_key: str | None = None) -> Charge:
        """Take money; raises the next of `failing` instead, if there is one."""
        if self.failing:
            raise self.failing.pop(0)
        if idempotency_key is not None and idempotency_key in self._by_key:
            return self._by_key[idempotency_key]
        charge = Charge(f"ch_{len(self.charges) + 1}", order_id, cents)
        self.charges.append(charge)
        if idempotency_key is not None:
            self._by_key[idempotency_key] = charge
        return charge
