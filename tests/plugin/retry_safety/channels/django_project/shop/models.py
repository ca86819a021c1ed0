"""An order with its payments."""

from __future__ import annotations

from django.db import models


class Order(models.Model):
    """An order."""

    paid = models.BooleanField(default=False)
    placed = models.DateTimeField(null=True)


class Payment(models.Model):
    """A payment for an order."""

    order = models.ForeignKey(Order, models.CASCADE)
    cents = models.IntegerField()
