"""Actions on webhooks, and checks of the deliveries for all other actions."""

from __future__ import annotations

import time
from typing import Any

from tests.contract.caller import Answer
from tests.contract.model.account import Hook, Kind, Row
from tests.contract.model.actions_names import Names
from tests.contract.model.base import NOBODY, action
from tests.contract.model.rules import Rule

_DELIVERY_SECONDS = 5.0
_QUIET_SECONDS = 0.3
_EVENTS = {
    "activate": "subscriber.subscriber_activate",
    "unsubscribe": "subscriber.subscriber_unsubscribe",
    "tag": "subscriber.tag_add",
    "untag": "subscriber.tag_remove",
    "form": "subscriber.form_subscribe",
    "sequence": "subscriber.course_subscribe",
    "link": "subscriber.link_click",
    "purchase": "purchase.purchase_create",
    "field made": "custom_field.field_created",
    "field deleted": "custom_field.field_deleted",
    "value": "custom_field.field_value_updated",
}
_PARAMETERS = {
    "tag": "tag_id",
    "untag": "tag_id",
    "form": "form_id",
    "sequence": "course_id",
    "value": "custom_field_id",
}


class Hooks(Names):
    """Makes and deletes webhooks, and counts what they are told."""

    def make(self, kind: Kind) -> None:
        """Make a webhook."""
        if kind == "webhook":
            self._create_hook("activate", 0)
        else:
            super().make(kind)

    @action("create_webhook", how=tuple(_EVENTS))
    def create_a_webhook(self, how: str, pick: int) -> None:
        """Make a webhook for an event."""
        if self._can_be_told(how):
            self._create_hook(how, pick)
            self._provoke(how, pick)

    def _can_be_told(self, how: str) -> bool:
        """Whether the behaviour has an event, and the account what it is about."""
        is_known = self.is_current or how not in ("field made", "field deleted", "value")
        return is_known and (how not in ("form", "sequence") or self.has(how))

    def _provoke(self, how: str, pick: int) -> None:
        """Let the event happen that a webhook of that kind is about."""
        match how:
            case "activate":
                self.make("subscriber")
            case "unsubscribe":
                self.make("subscriber")
                self.cancel(self.account.rows["subscriber"][self.account.ids("subscriber")[-1]])
            case "tag" | "form" | "sequence":
                for number in (pick, pick + 1):  # The second one is about another tag, form or sequence.
                    self.put(how, "id", number)
            case "untag":
                self.untag_one("id", pick, is_tagged=True)
            case "purchase" if self.driver.server.access_token:
                self.make("purchase")
            case "field made" | "field deleted":
                self.make("custom_field")
                if how == "field deleted":
                    self.drop_field(self.account.ids("custom_field")[-1])
            case "value":
                self.give_a_value(self.pick("custom_field", pick))
            case _:
                pass  # A click, which requests can't make happen.

    @action("create_webhook", how=("tag", "form"))
    def create_a_webhook_about_nothing(self, how: str, pick: int) -> None:
        """Ask for a webhook about what there isn't."""
        event = {"name": _EVENTS[how], _PARAMETERS[how]: NOBODY}
        body = {"target_url": "https://hooks.example.com/x", "event": event}
        self.call("create_webhook", body=body, expect=422, by=Rule.HOOK_REFUSED)
        self.touch("webhook")

    @action("delete_webhook", how=("any", "of nothing", *_EVENTS))
    def delete_a_webhook(self, how: str, pick: int) -> None:
        """Delete a webhook, and let happen what it would have been told of."""
        if how == "of nothing":
            missing = max(self.account.deleted["webhook"], default=NOBODY)
            self.call("delete_webhook", {"id": missing}, expect=404, by=Rule.MISSING)
            self.touch("webhook")
            return
        if how != "any":
            if not self._can_be_told(how):
                return
            self._create_hook(how, pick)
        id_ = int(self.pick("webhook", pick)["id"]) if how == "any" else self.account.ids("webhook")[-1]
        # What it was to be told of until now may still be on its way.
        self._check_told(self.account.hooks[id_])
        answer = self.call("delete_webhook", {"id": id_}, expect=204, by=Rule.HOOK_DELETED)
        self.account.drop("webhook", id_)
        again = self.driver.call("delete_webhook", {"id": id_})
        self.hold(Rule.HOOK_DELETED, answer, again.status == 404, f"{again.status} when it is deleted again")
        self._provoke(how, pick)
        self.touch("webhook")

    def _create_hook(self, how: str, pick: int) -> None:
        receiver, parameter = self.setting.receiver, _PARAMETERS.get(how)
        url = (
            f"https://hooks.example.com/{self.world.name('x').replace(' ', '-')}"
            if receiver is None
            else receiver.url()
        )
        event: Row = {"name": _EVENTS[how]}
        subject: int | None = None
        if parameter is not None:
            subject = self._subject(how, parameter, pick)
            event[parameter] = subject
        if how == "link":
            event["initiator_value"] = f"https://example.com/{self.world.name('link').replace(' ', '-')}"
        answer = self.call("create_webhook", body={"target_url": url, "event": event}, expect=201, by=Rule.HOOK_KEPT)
        row, name = answer.json["webhook"], _EVENTS[how].partition(".")[2]
        self.hold(Rule.HOOK_KEPT, answer, row["target_url"] == url, row["target_url"])
        shown = {each.replace("course", "sequence"): value for each, value in event.items()} | {"name": name}
        self.hold(Rule.HOOK_KEPT, answer, row["event"] | shown == row["event"], str(row["event"]))
        id_ = self.new("webhook", answer, row)
        self.account.hooks[id_] = Hook(name, subject, url)

    def _subject(self, how: str, parameter: str, pick: int) -> int:
        if how == "value":
            return int(self.pick("custom_field", pick)["id"])
        return self.owner(parameter.removesuffix("_id").replace("course", "sequence"), pick)

    # -------------------- What they are told

    def check(self) -> None:
        """Check what webhooks were told, too."""
        super().check()
        for hook in self.account.hooks.values():
            self._check_told(hook)

    def check_everything(self) -> None:
        """Check everything, and that no webhook is told of anything more."""
        super().check_everything()
        if self.setting.receiver is not None and self.account.hooks:
            time.sleep(_QUIET_SECONDS)
            for hook in self.account.hooks.values():
                self._check_told(hook)

    def _check_told(self, hook: Hook) -> None:
        """Raise ContractError unless a webhook was told of what it must be, and of nothing else."""
        receiver = self.setting.receiver
        if receiver is None:
            return
        received = receiver.wait(hook.url, len(hook.told), _DELIVERY_SECONDS)
        told = sorted(_about(hook.event, each.json) for each in received)
        if told != sorted(hook.told):
            found = Rule.NEVER_TOLD if hook.is_deleted else Rule.TOLD_ONCE
            self.hold(found, self._nothing(), False, f"{hook.event} of {told} instead of {sorted(hook.told)}")
        if hook.told or hook.is_deleted:
            self.setting.held[Rule.NEVER_TOLD if hook.is_deleted else Rule.TOLD_ONCE] = 1

    def _nothing(self) -> Answer:
        return self.driver.call("list_webhooks")


def _about(event: str, body: Any) -> int:
    """Return the id of what a delivery is about; 0 if it hasn't the form that the event has."""
    envelope = "custom_field" if event in ("field_created", "field_deleted") else "subscriber"
    inner = body if event == "purchase_create" else body.get(envelope)
    id_ = inner.get("id") if isinstance(inner, dict) else None
    return id_ if isinstance(id_, int) else 0
