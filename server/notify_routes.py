"""The routes of notifications, a line each."""

from accounts.audit import AuditLog
from handlers import notifications_operations as about
from handlers.notifications import NotificationsHandler
from handlers.openapi import ApiRoute
from notify.client_notifications import ClientNotifications


def notification_routes(sent: ClientNotifications, audit: AuditLog) -> list[ApiRoute]:
    """Those of notifications."""
    notifications = NotificationsHandler(sent, audit)
    one = "/notifications/{notification_id}"
    return [
        ApiRoute("GET", "/notifications", notifications.list, about.LIST),
        ApiRoute("POST", "/notifications", notifications.create, about.CREATE),
        ApiRoute("GET", "/notifications/summary", notifications.summary, about.SUMMARY),
        ApiRoute("GET", one, notifications.get, about.GET),
        ApiRoute("POST", f"{one}/resend", notifications.resend, about.RESEND),
    ]
