"""The routes of webhooks, a line each."""

from handlers import webhooks_operations as about
from handlers.openapi import ApiRoute
from handlers.webhooks import WebhooksHandler
from jobs.webhooks import Webhooks


def webhook_routes(service: Webhooks) -> list[ApiRoute]:
    """Where clients are told, and what was sent there."""
    webhooks = WebhooksHandler(service)
    one = "/webhooks/{webhook_id}"
    again = f"{one}/deliveries/{{delivery_id}}/redeliver"
    return [
        ApiRoute("GET", "/webhooks", webhooks.list, about.LIST),
        ApiRoute("POST", "/webhooks", webhooks.create, about.CREATE),
        ApiRoute("GET", one, webhooks.get, about.GET),
        ApiRoute("PATCH", one, webhooks.change, about.CHANGE),
        ApiRoute("DELETE", one, webhooks.remove, about.REMOVE),
        ApiRoute("POST", f"{one}/test", webhooks.test, about.TEST),
        ApiRoute("GET", f"{one}/deliveries", webhooks.deliveries, about.DELIVERIES),
        ApiRoute("POST", again, webhooks.redeliver, about.REDELIVER),
    ]
