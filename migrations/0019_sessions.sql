-- Who is signed in to the console. A person gives a token once (contract.md, *authentication*) and gets a cookie; what the
-- cookie opens stands here, so that it ends at the same moment for every process, and with the token that it came from.
create table enlace.session (
  -- SHA-256 of the cookie's 32 random bytes: who reads this table cannot sign in with it.
  hash         bytea       primary key,
  -- A token that is taken back takes its sessions with it, since each request looks at both.
  token        uuid        not null references enlace.token on delete cascade,
  -- What each form of this session carries (CSRF): another site can make a browser send the cookie, but cannot read this.
  csrf         text        not null,
  created_at   timestamptz not null default enlace.now(),
  -- To the minute, as a token's: a page that reloads itself shall not write at each time.
  last_seen_at timestamptz not null default enlace.now()
);
comment on table enlace.session is 'Who is signed in to the console, by the hash of their cookie';
-- What has run out is removed when somebody signs in; that looks for it by age.
create index session_seen on enlace.session (last_seen_at);
-- A session is for enlace alone: neither HubSoft nor anybody who may only enqueue has business here.
revoke all on enlace.session from public;
