-- The members' API: users and their permissions. Run before every release, so each statement bears being run again.

create table if not exists users (
    id            uuid primary key default gen_random_uuid(),
    authentik_sub text not null unique,
    email         text,
    display_name  text,
    is_active     boolean not null default true,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now()
);

create table if not exists permissions (
    id         uuid primary key default gen_random_uuid(),
    user_id    uuid not null references users (id) on delete cascade,
    scope_type text not null,
    scope_id   text not null,
    module     text not null,
    action     text not null,
    created_at timestamptz not null default now(),
    unique (user_id, scope_type, scope_id, module, action)
);
