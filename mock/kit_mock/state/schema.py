"""The layout of the database: its tables, and the marks that tell its files from other databases.

Times are whole seconds since 1970, ids come from AUTOINCREMENT counters (from 1, never used twice). Every index is
there for a page or a look-up that must cost the same in an account of a thousand and of a million subscribers; SQLite
appends the rowid to each, so that lists by id need no column for it.
"""

from __future__ import annotations

APPLICATION_ID = 0x4B69744D  # "KitM": tells our files from other people's databases.
VERSION = 7
LARGEST_GIVEN_ID = 2**53 - 1
"""The largest id that a seed may give, and that every language reads exactly. Enough ids follow it."""
LARGEST_COUNT = 10**15
"""Of messages and the like. Thousands of such numbers can be added up in SQLite."""

TABLES = """
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    plan_type TEXT NOT NULL,
    email_address TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    timezone TEXT NOT NULL,         -- an IANA name, or an offset such as -05:00
    colors TEXT NOT NULL,           -- JSON
    can_broadcast INTEGER NOT NULL DEFAULT 1,
    subscriber_limit INTEGER,       -- null: as many as there are
    sending_addresses TEXT,         -- JSON; null: the account's own address alone
    plan TEXT NOT NULL DEFAULT '{}' -- JSON, what of the plan isn't usual
);
CREATE TABLE creator_profiles (
    account_id INTEGER PRIMARY KEY REFERENCES accounts,
    name TEXT NOT NULL,
    byline TEXT NOT NULL,
    bio TEXT NOT NULL,
    image_url TEXT NOT NULL,
    profile_url TEXT NOT NULL
);
CREATE TABLE custom_fields (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    label TEXT NOT NULL,
    folded_label TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    locked INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account_id, folded_label),
    UNIQUE (account_id, key)
);
CREATE INDEX custom_fields_of_account ON custom_fields (account_id);
CREATE TABLE subscribers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    email_address TEXT NOT NULL COLLATE NOCASE,
    first_name TEXT,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    cancelled_at INTEGER,
    field_values TEXT,              -- JSON by custom field id; ids of deleted fields may linger, and mean nothing
    attribution TEXT,               -- JSON; null: not known
    location TEXT,                  -- JSON; null: not known
    sent INTEGER NOT NULL DEFAULT 0,    -- messages
    opens INTEGER NOT NULL DEFAULT 0,   -- messages that were opened
    clicks INTEGER NOT NULL DEFAULT 0,  -- messages in which a link was clicked
    UNIQUE (account_id, email_address)
);
CREATE INDEX subscribers_of_account ON subscribers (account_id);
CREATE INDEX subscribers_by_state ON subscribers (account_id, state);
CREATE INDEX subscribers_by_update ON subscribers (account_id, updated_at);
CREATE INDEX subscribers_by_state_and_update ON subscribers (account_id, state, updated_at);
CREATE INDEX subscribers_by_creation ON subscribers (account_id, created_at, state);
CREATE INDEX subscribers_by_cancellation ON subscribers (account_id, cancelled_at) WHERE cancelled_at IS NOT NULL;
CREATE TABLE state_changes (        -- of subscribers, since they were created
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    subscriber_id INTEGER NOT NULL REFERENCES subscribers,
    at INTEGER NOT NULL,
    was TEXT NOT NULL,
    became TEXT NOT NULL
);
CREATE INDEX state_changes_of_account ON state_changes (account_id, at, became);
CREATE TRIGGER state_changed AFTER UPDATE OF state ON subscribers WHEN old.state <> new.state
    BEGIN INSERT INTO state_changes (account_id, subscriber_id, at, was, became)
        VALUES (new.account_id, new.id, new.updated_at, old.state, new.state); END;
CREATE TRIGGER created_as_cancelled AFTER INSERT ON subscribers WHEN new.cancelled_at IS NOT NULL
    BEGIN INSERT INTO state_changes (account_id, subscriber_id, at, was, became)
        VALUES (new.account_id, new.id, new.cancelled_at, 'active', new.state); END;
CREATE TABLE tags (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, folded_name)
);
CREATE INDEX tags_of_account ON tags (account_id);
CREATE TABLE tag_subscribers (
    tag_id INTEGER NOT NULL REFERENCES tags,
    subscriber_id INTEGER NOT NULL REFERENCES subscribers,
    at INTEGER NOT NULL,
    PRIMARY KEY (tag_id, subscriber_id)
) WITHOUT ROWID;
CREATE INDEX tag_subscribers_by_subscriber ON tag_subscribers (subscriber_id, tag_id);
CREATE TABLE oauth_clients (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    secret_hash TEXT,               -- null: a public client
    redirect_uris TEXT NOT NULL,    -- JSON
    any_loopback INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE oauth_requests (       -- that wait for consent
    hash TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES oauth_clients,
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,
    state TEXT,
    code_challenge TEXT,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX oauth_requests_by_expiry ON oauth_requests (expires_at);
CREATE TABLE oauth_codes (
    hash TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES oauth_clients,
    account_id INTEGER NOT NULL REFERENCES accounts,
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,
    code_challenge TEXT,
    expires_at INTEGER NOT NULL,
    used INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX oauth_codes_by_expiry ON oauth_codes (expires_at);
CREATE TABLE oauth_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    grant_id INTEGER NOT NULL,      -- the id of the first pair of tokens
    client_id TEXT NOT NULL REFERENCES oauth_clients,
    account_id INTEGER NOT NULL REFERENCES accounts,
    scope TEXT NOT NULL,
    access_hash TEXT NOT NULL UNIQUE,
    refresh_hash TEXT NOT NULL UNIQUE,
    expires_at INTEGER NOT NULL,
    superseded INTEGER NOT NULL,
    revoked INTEGER NOT NULL
);
CREATE INDEX oauth_tokens_of_grant ON oauth_tokens (grant_id);
CREATE TABLE email_templates (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    name TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    category TEXT NOT NULL
);
CREATE INDEX email_templates_of_account ON email_templates (account_id);
CREATE TABLE forms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    type TEXT NOT NULL,
    format TEXT,
    status TEXT NOT NULL,
    uid TEXT NOT NULL UNIQUE,
    embed_url TEXT NOT NULL,
    embed_js TEXT NOT NULL
);
CREATE INDEX forms_of_account ON forms (account_id);
CREATE TABLE form_subscribers (
    form_id INTEGER NOT NULL REFERENCES forms,
    subscriber_id INTEGER NOT NULL REFERENCES subscribers,
    at INTEGER NOT NULL,
    referrer TEXT,
    PRIMARY KEY (form_id, subscriber_id)
) WITHOUT ROWID;
CREATE TABLE sequences (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    name TEXT NOT NULL,
    hold INTEGER NOT NULL,
    repeat INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    email_address TEXT,
    email_template_id INTEGER REFERENCES email_templates,
    send_days TEXT NOT NULL,        -- JSON
    send_hour INTEGER NOT NULL,
    time_zone TEXT,                 -- null: the account's
    active INTEGER NOT NULL,
    exclude_subscriber_sources TEXT NOT NULL,   -- JSON
    email_count INTEGER NOT NULL,
    stats TEXT NOT NULL             -- JSON, the numbers that a seed has
);
CREATE INDEX sequences_of_account ON sequences (account_id);
CREATE TABLE sequence_subscribers (
    sequence_id INTEGER NOT NULL REFERENCES sequences,
    subscriber_id INTEGER NOT NULL REFERENCES subscribers,
    at INTEGER NOT NULL,
    PRIMARY KEY (sequence_id, subscriber_id)
) WITHOUT ROWID;
CREATE TABLE segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX segments_of_account ON segments (account_id);
CREATE TABLE segment_subscribers (
    segment_id INTEGER NOT NULL REFERENCES segments,
    subscriber_id INTEGER NOT NULL REFERENCES subscribers,
    at INTEGER NOT NULL,
    PRIMARY KEY (segment_id, subscriber_id)
) WITHOUT ROWID;
CREATE TABLE seeded_credentials (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,             -- api_key or access_token
    hash TEXT NOT NULL,
    account_id INTEGER NOT NULL REFERENCES accounts,
    UNIQUE (kind, hash)
);
CREATE TABLE broadcasts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    created_at INTEGER NOT NULL,
    subject TEXT,
    preview_text TEXT,
    description TEXT,
    content TEXT,
    public INTEGER NOT NULL DEFAULT 0,
    published_at INTEGER,
    send_at INTEGER,                -- null in a draft
    thumbnail_alt TEXT,
    thumbnail_url TEXT,
    email_address TEXT,
    email_template_id INTEGER NOT NULL REFERENCES email_templates,
    subscriber_filter TEXT NOT NULL,    -- JSON
    started_at INTEGER,             -- when sending began
    aborted INTEGER NOT NULL DEFAULT 0, -- whether it was stopped before it was sent to everybody
    recipients INTEGER NOT NULL DEFAULT 0,
    opens INTEGER NOT NULL DEFAULT 0,       -- recipients who opened it
    clickers INTEGER NOT NULL DEFAULT 0,    -- recipients who clicked a link
    clicks INTEGER NOT NULL DEFAULT 0,
    unsubscribes INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX broadcasts_of_account ON broadcasts (account_id);
CREATE INDEX broadcasts_started ON broadcasts (account_id, started_at) WHERE started_at IS NOT NULL;
CREATE INDEX broadcasts_to_send ON broadcasts (send_at) WHERE started_at IS NULL AND send_at IS NOT NULL;
CREATE TABLE broadcast_clickers (
    broadcast_id INTEGER NOT NULL REFERENCES broadcasts,
    subscriber_id INTEGER NOT NULL REFERENCES subscribers,
    PRIMARY KEY (broadcast_id, subscriber_id)
) WITHOUT ROWID;
CREATE TABLE products (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    pid TEXT,                       -- null: known by its name
    name TEXT NOT NULL,
    UNIQUE (account_id, pid)
);
CREATE TABLE purchases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    subscriber_id INTEGER NOT NULL REFERENCES subscribers,
    transaction_id TEXT NOT NULL,
    status TEXT NOT NULL,
    source TEXT NOT NULL DEFAULT 'api',
    currency TEXT NOT NULL,
    transaction_time INTEGER NOT NULL,
    created_at INTEGER NOT NULL DEFAULT 0,  -- when the mock was told of it; 0 in a seed
    subtotal NUMERIC,               -- amounts that were not given are null, and follow from the others
    discount NUMERIC,
    tax NUMERIC,
    shipping NUMERIC,
    total NUMERIC,
    UNIQUE (account_id, transaction_id)
);
CREATE INDEX purchases_of_account ON purchases (account_id);
CREATE TABLE purchase_lines (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    purchase_id INTEGER NOT NULL REFERENCES purchases,
    product_id INTEGER NOT NULL REFERENCES products,
    name TEXT NOT NULL,
    lid TEXT,
    quantity INTEGER NOT NULL,
    sku TEXT,
    unit_price NUMERIC NOT NULL
);
CREATE INDEX lines_of_purchase ON purchase_lines (purchase_id);
CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    event TEXT NOT NULL,            -- without what stands before the dot in requests
    subject,                        -- id of the tag, form, sequence, product or custom field, URL of the link, or null
    target_url TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    locked INTEGER NOT NULL DEFAULT 0   -- whether it can't be deleted
);
CREATE INDEX webhooks_of_account ON webhooks (account_id);
CREATE INDEX webhooks_by_event ON webhooks (account_id, event);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    webhook_id INTEGER,             -- null: a bulk job's callback; of a deleted webhook, it leads nowhere
    event TEXT NOT NULL,            -- of the webhook, or the bulk operation's id
    target_url TEXT NOT NULL,
    receiver TEXT NOT NULL,         -- scheme, host and port of the target, to each of which one is sent at a time
    payload TEXT NOT NULL,          -- JSON
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,                -- of the next attempt; null when there is none to come
    delivered_at INTEGER,
    status INTEGER,                 -- what the last attempt was answered, if anything
    problem TEXT                    -- why the last attempt failed
);
CREATE INDEX deliveries_due ON deliveries (receiver, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_over ON deliveries (id) WHERE next_at IS NULL;
CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id) WHERE next_at IS NOT NULL;
CREATE TABLE bulk_jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    client TEXT NOT NULL,           -- the app that asked, as the queue's limit is for each app and account
    operation_id TEXT NOT NULL,
    size INTEGER NOT NULL,          -- of the request as JSON
    behaviour TEXT NOT NULL,
    callback_url TEXT,
    created_at INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    done INTEGER NOT NULL DEFAULT 0 -- slices
);
CREATE TABLE bulk_slices (
    job_id INTEGER NOT NULL REFERENCES bulk_jobs,
    number INTEGER NOT NULL,        -- from 0
    items BLOB,                     -- JSON; null when they are done
    results BLOB,                   -- JSON; null when they aren't, and where nobody is told of them
    UNIQUE (job_id, number)
);
CREATE INDEX bulk_jobs_due ON bulk_jobs (run_at);
"""
