"""Rules of credentials, hosts and OAuth."""

from kit_mock.rules.groups import ALL, OAUTH, TOKEN_ALONE, V4
from kit_mock.rules.rule import Rule

TITLE = "Authentication and hosts"
_BOTH = ("authorize", "create_token")

RULES = (
    Rule(
        "oauth_only",
        "seen",
        TOKEN_ALONE,
        "An API key is a 401 `OAuth authentication required`, reads included.",
        also=("later docs",),
        reference="announces a list of operations that take no API key, and leaves it empty",
        document="`security` of these names `oauth2` and `bearer` alone; their 401 is `OAuthRequired`",
    ),
    Rule("oauth_only_in_errors", "chosen", TOKEN_ALONE, "The text `OAuth authentication required` stands in `errors`."),
    Rule(
        "expired_tokens",
        "client",
        V4,
        "An access token after its time is a 401 `The access token expired`, with a `WWW-Authenticate` header.",
        reference="401 `The access token is invalid`",
        document="an example and an optional header of `Unauthorized`",
    ),
    Rule(
        "hosts",
        "seen",
        ALL,
        "A request is answered whatever host it names.",
        reference="`api.convertkit.com`, `app.convertkit.com`",
        service="answers at `api.kit.com` and `app.kit.com` too",
        document="both are in `servers`, the reference's first",
    ),
    Rule(
        "bearer_tokens",
        "reference",
        V4,
        "An access token is sent as `Authorization: Bearer`, however the caller got it.",
        reference="a token by OAuth",
        service="the same",
        document="`bearer` describes it once more, beside `oauth2`: tools that can't ask for a token can send one that they"
        " were given",
    ),
    # -------------------- The consent page
    Rule(
        "oauth_paths",
        "later docs",
        _BOTH,
        "OAuth answers under `/oauth` and under `/v4/oauth`.",
        reference="`/oauth/…`",
        document="not described: the reference has it neither; the URLs can be configured",
    ),
    Rule(
        "one_authorize_page",
        "chosen",
        "authorize",
        "One page serves requests with and without PKCE.",
        reference="two entries, without and with PKCE; the second requires `code_challenge` and `code_challenge_method`",
        service="one page",
        document="one operation; both parameters are optional",
    ),
    Rule(
        "authorize_errors",
        "chosen",
        "authorize",
        "A request that can't be redirected is a 400 with an OAuth error.",
        reference="no failure",
        document="400 with `OAuthErrorResponse`",
    ),
    Rule(
        "authorize_redirects",
        "chosen",
        "authorize",
        "A bad client or redirect URI is a 400 in JSON; any other error goes to the redirect URI, as RFC 6749 has it.",
    ),
    Rule("oauth_scope", "chosen", OAUTH, "`public` is the only scope."),
    Rule("pkce_with_a_secret", "chosen", OAUTH, "An app with a secret may use PKCE as well."),
    Rule(
        "pkce_values",
        "chosen",
        OAUTH,
        "`code_challenge` has 43 characters of base64url, `code_verifier` 43 to 128, as RFC 7636 has it.",
        document="patterns",
    ),
    # -------------------- Token requests
    Rule(
        "token_entries",
        "client",
        "create_token",
        "One endpoint takes every token request; `client_secret` goes along exactly when the app has one.",
        reference="three entries, each with its own required fields",
        document="one `TokenRequest` requires what all three share: `client_id` and `grant_type`",
    ),
    Rule(
        "token_media_types",
        "later docs",
        "create_token",
        "A token request is form-encoded or JSON.",
        reference="form-encoded",
        document="form-encoded alone: one media type for a body",
    ),
    Rule(
        "secret_in_every_request",
        "chosen",
        "create_token",
        "An app with a secret sends it with every token request, also with a refresh, where the reference's samples leave"
        " it out.",
    ),
    Rule(
        "secret_in_the_body",
        "chosen",
        "create_token",
        "The secret goes into the body, not into an `Authorization` header.",
    ),
    Rule(
        "token_errors",
        "client",
        "create_token",
        "A token request that fails is answered with `error` and `error_description`.",
        reference="no failure",
        document="400 and 401 with `OAuthErrorResponse`, whose description is optional",
    ),
    Rule(
        "token_error_statuses",
        "chosen",
        "create_token",
        "A token request that fails is a 400, such as `invalid_grant`; for an unknown app or a wrong secret, a 401.",
    ),
    Rule(
        "code", "reference", OAUTH, "A code is exchanged for a new pair of tokens; the access token opens the account."
    ),
    Rule("code_once", "chosen", "create_token", "A code can be used only once."),
    Rule(
        "code_twice_revokes_nothing",
        "chosen",
        "create_token",
        "A code that is used a second time does not revoke the tokens of the first time.",
    ),
    Rule("refreshed", "later docs", "create_token", "A refresh returns two new tokens, and both work."),
    Rule(
        "refresh_token_reuse",
        "seen",
        "create_token",
        "A refresh token is still accepted after a newer one was issued.",
        reference="A refresh token is a 400 `invalid_grant` after a newer one was issued.",
        reference_grade="later docs",
        service="single use since 2026-05 by the later docs; a superseded one was still taken in 2026-09. The reference of"
        " 2024 does not say",
        document="described as spent; not safe to repeat",
        switches=("refresh_token_reuse",),
    ),
    Rule(
        "token_lifetime",
        "seen",
        "create_token",
        "`expires_in` is 172800, also after a refresh.",
        reference="172800 and, refreshing, 7200",
        document="an integer; the prose says so",
    ),
    Rule(
        "token_type",
        "seen",
        "create_token",
        "`token_type` is `Bearer`.",
        reference="a string",
        service="varies in case",
        document="a string; the prose says so",
    ),
    Rule(
        "access_tokens_outlive_a_refresh",
        "chosen",
        OAUTH,
        "An access token is valid until it expires, also after a refresh.",
    ),
    Rule("refresh_tokens_do_not_expire", "chosen", OAUTH, "A refresh token does not expire."),
    # -------------------- Revoking
    Rule(
        "revoke_endpoint",
        "seen",
        OAUTH,
        "`POST /oauth/revoke` revokes a token; it takes the same media types as a token request.",
        reference="nothing",
        service="the server's metadata names it",
        document="not described: the reference has it neither; the URLs can be configured",
    ),
    Rule("revoked", "chosen", OAUTH, "A revoked token is invalid, and so is the other one of its pair."),
    Rule("revoking_needs_the_secret", "chosen", OAUTH, "Revoking needs the app's secret, like a token request."),
    Rule(
        "revoking_an_unknown_token",
        "chosen",
        OAUTH,
        "Revoking is a 200 for every token, also for one that is unknown or another app's.",
    ),
    Rule("fixed_token_stays", "chosen", OAUTH, "The fixed access token of the mock can't be revoked."),
)
