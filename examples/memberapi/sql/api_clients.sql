-- Who may call /admin/*, and from where. Keys are stored as argon2 or bcrypt hashes, or as sha256: with the hex digest.

create table if not exists api_clients (
    id                uuid primary key default gen_random_uuid(),
    client_key        text not null unique,
    api_key_hash      text not null check (api_key_hash ~ '^(sha256:[0-9a-f]{64}$|\$argon2|\$2[aby]\$)'),
    status            text not null default 'active' check (status in ('active', 'suspended', 'revoked')),
    allowed_origins   text[] not null default '{}',
    allowed_ips       cidr[] not null default '{}',
    allowed_paths     text[] not null default '{}',
    expires_at        timestamptz,
    rate_limit_per_minute integer check (rate_limit_per_minute > 0),
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now()
);
