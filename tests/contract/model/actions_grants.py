"""Actions of an OAuth app: it gets codes, and refreshes and revokes tokens."""

from __future__ import annotations

import attrs

from tests.contract.caller import Answer
from tests.contract.model.base import Machine, action
from tests.contract.model.rules import Rule
from tests.contract.oauth_app import App

_REVOKE = "/oauth/revoke"


@attrs.define
class Pair:
    """An access token with its refresh token, and what became of them. The tokens don't show in its repr."""

    access_token: str = attrs.field(repr=False)
    refresh_token: str = attrs.field(repr=False)
    grant: int
    is_superseded: bool = False
    is_revoked: bool = False


class Grants(Machine):
    """Asks for tokens, refreshes and revokes them."""

    def __init__(self) -> None:
        super().__init__()
        self._pairs: list[Pair] = []
        self._used: list[str] = []
        server = self.driver.server
        self._app = App(self.driver, server.client_id or "", server.client_secret, server.redirect_uri or "")

    def may_ask(self) -> bool:
        """Whether there is an app to try at, and nobody has to be asked before it gets a code."""
        return bool(self.driver.server.client_id and self.driver.server.redirect_uri)

    @action("authorize", "create_token", how=("new", "used code"))
    def ask(self, how: str, pick: int) -> None:
        """Get tokens for a code, or try a code once more."""
        if not self.may_ask():
            return
        code = self._app.code()
        answer = self._app.exchange(code)
        self.hold(Rule.CODE, answer, answer.status == 200, f"{answer.status} for a new code")
        self._keep(answer, len(self._pairs), Rule.CODE)
        if how == "used code":
            again = self._app.exchange(code)
            self._refused(again, Rule.CODE_ONCE)

    def _keep(self, answer: Answer, grant: int, by: Rule) -> None:
        tokens = answer.json
        pair = Pair(tokens["access_token"], tokens["refresh_token"], grant)
        known = {text for each in self._pairs for text in (each.access_token, each.refresh_token)}
        self.hold(
            by, answer, known.isdisjoint((pair.access_token, pair.refresh_token)), "a token that was there before"
        )
        self.hold(by, answer, self.driver.opens(pair.access_token), "an access token that doesn't open the account")
        self._pairs.append(pair)

    def _refused(self, answer: Answer, by: Rule) -> None:
        came = f"{answer.status} instead of 400 invalid_grant"
        self.hold(by, answer, answer.status == 400 and answer.json.get("error") == "invalid_grant", came)

    def _pair(self, pick: int) -> Pair | None:
        if not self.may_ask():
            return None
        while len(self._pairs) < 2:
            self._keep(self._app.exchange(self._app.code()), len(self._pairs), Rule.CODE)
        return self._pairs[pick % len(self._pairs)]

    @action("create_token", how=("newest", "superseded", "any"))
    def refresh(self, how: str, pick: int) -> None:
        """Refresh tokens, also with a refresh token that another one took the place of."""
        if (pair := self._pair(pick)) is None:
            return
        if how == "newest":
            pair = next((each for each in reversed(self._pairs) if not each.is_revoked), pair)
        for _ in range(2 if how == "superseded" else 1):
            self._refresh(pair)
        for each in self._pairs[-4:]:
            self._check_opens(each)

    def _refresh(self, pair: Pair) -> None:
        answer = self._app.token("refresh_token", refresh_token=pair.refresh_token)
        if pair.is_revoked:
            self._refused(answer, Rule.REVOKED)
        elif pair.is_superseded and not self.is_current:
            self._refused(answer, Rule.OLD_REFRESH_REFUSED)
        else:
            by = Rule.OLD_REFRESH_TAKEN if pair.is_superseded else Rule.REFRESHED
            self.hold(by, answer, answer.status == 200, f"{answer.status} for a refresh token that is good")
            pair.is_superseded = True
            self._keep(answer, pair.grant, by)

    @action("create_token", how=("access token", "refresh token"))
    def revoke(self, how: str, pick: int) -> None:
        """Revoke a token: both of its pair are dead, and those of other grants are not."""
        if (pair := self._pair(pick)) is None:
            return
        token = pair.access_token if how == "access token" else pair.refresh_token
        secret = self.driver.server.client_secret
        fields = {"client_id": self._app.id, "token": token} | ({"client_secret": secret} if secret else {})
        if self.driver.post_form(_REVOKE, fields) == 404:
            return  # The reference has no way to revoke, and other servers may have none.
        pair.is_revoked = True
        # What becomes of other pairs of the same grant, nobody has shown.
        self._pairs = [each for each in self._pairs if each is pair or each.grant != pair.grant]
        self._refresh(pair)
        for each in self._pairs[-4:]:
            self._check_opens(each)

    def _check_opens(self, pair: Pair) -> None:
        is_open = self.driver.opens(pair.access_token)
        if is_open == pair.is_revoked:
            answer = self.driver.call("get_account")
            came = f"an access token that is {'good' if is_open else 'dead'}"
            self.hold(Rule.REVOKED if pair.is_revoked else Rule.REFRESHED, answer, False, came)
