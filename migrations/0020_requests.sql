-- Requests over HTTP that may be sent twice: what each was answered, for a day.
--
--   request   a key that a token gave to a request, and the answer
--
-- Starting a workflow needs none of this: its key is a `dedup_id`, kept in the transaction that starts it, for ever. What else
-- starts something over HTTP (an act on many, an integration, a run of a schedule) writes to tables of its own, each in its own
-- transaction; so the key is taken before, by itself, and the answer is written after. What lies between the two when a process
-- dies shows as a key without an answer, and is told as that, rather than done again.
--
-- Old workers neither read nor write it. Their keeping of history does not empty it; the first new process that leads does.

create table enlace.request (
  -- Keys of two tokens never meet. Not a foreign key: a token is never deleted, and each would be looked up with every request.
  token    uuid        not null,
  -- As the caller sent it, in the header `Idempotency-Key`; as long as those that start workflows may be.
  key      text        not null check (length(key) between 1 and 140),
  -- SHA-256 of method, path, query and body: the same key with another request is a mistake that its caller should hear of.
  -- A digest and not the request, which may hold a platform's password.
  digest   bytea       not null,
  at       timestamptz not null default enlace.now(),
  -- The answer; null while the request is under way, or after its process died.
  status   int,
  -- Where to look how it goes on: the one header that says something of its own.
  location text,
  -- As it was sent, to be sent again byte by byte. May show what its caller may see of people, which is one more reason to
  -- keep it no longer than a day (rule P2).
  body     bytea,
  primary key (token, key),
  constraint request_answered_whole check ((status is null) = (body is null))
);
-- What is to be forgotten: found without reading the rest.
create index request_at on enlace.request (at);
comment on table enlace.request is 'Requests over HTTP that bear a key, and what each was answered; for a day';
-- As everything in this schema: nobody but the owner, and whoever it is granted to.
revoke all on enlace.request from public;
