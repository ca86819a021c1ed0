"""The jobs of the shop."""

from jobs.maintenance.cleanup import cleanup_carts
from jobs.maintenance.daily_report import DailyReport
from jobs.maintenance.import_data import ImportData
from jobs.maintenance.large_data_process import LargeDataProcess
from jobs.maintenance.parallel_process import ParallelProcess, ProcessSlice
from jobs.maintenance.reliable import Reliable
from jobs.maintenance.sync_user import SyncUser
from jobs.notifications.bulk_email import BulkEmail
from jobs.notifications.notification import Notification
from jobs.notifications.order_mail import send_order_mail
from jobs.orders.process_order import process_order
from jobs.payments.process_payment import ProcessPayment

__all__ = [
    "BulkEmail",
    "DailyReport",
    "ImportData",
    "LargeDataProcess",
    "Notification",
    "ParallelProcess",
    "ProcessPayment",
    "ProcessSlice",
    "Reliable",
    "SyncUser",
    "cleanup_carts",
    "process_order",
    "send_order_mail",
]
