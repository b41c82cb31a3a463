-- Searching by words: a customer's name, a box's name, a customer's code.
--
--   plain_words    a text by its words alone: no accents, no capitals, nothing but letters and digits
--   words_of       the same as what an index holds
--   words_sought   what somebody typed as what is looked for in it
--   box_words      boxes by the words of their names
--   customer_words, customer_code    customers by the words of their names, and by the ISP's own code
--
-- Old workers know none of it and lose nothing by it: functions and indexes are new, and no column changes.
--
-- Postgres' own text search does this without an extension, which a database that is not ours may not offer: neither
-- `unaccent` nor `pg_trgm` is needed where accents are taken off by `translate`, and words are found by how they begin. What is
-- given up is the middle of a word: "ouza" does not find Souza, which nobody has asked for.

-- ---------------------------------------------------------------------------------------------------------------------
-- Capitals are spelled out beside small letters, because in a database of locale C `lower` leaves those with accents alone. Cut
-- at 400 characters: nobody searches by more, and no name, however long, may make an insert of HubSoft's fail over an index of
-- ours (a word of more than 2 KB would). A text of signs alone has no words.
create function mapping.plain_words(words text) returns text language sql immutable strict parallel safe as $$
  select trim(regexp_replace(translate(lower(left(words, 400)),
    'áàâãäåéèêëíìîïóòôõöúùûüçñýÁÀÂÃÄÅÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑÝ',
    'aaaaaaeeeeiiiiooooouuuucnyaaaaaaeeeeiiiiooooouuuucny'), '[^a-z0-9]+', ' ', 'g'))
$$;

-- Made from an array and not by `to_tsvector`, whose parser has opinions of its own: it reads the name CTO-091 as a word and the
-- number -91.
create function mapping.words_of(words text) returns tsvector language sql immutable strict parallel safe as $$
  select array_to_tsvector(array_remove(string_to_array(mapping.plain_words(words), ' '), ''))
$$;

-- Each word by how it begins, so that "ana sou" finds Ana Souza and "cto 09" finds CTO-091. A number alone is meant whole: whoever
-- types 91 means 91, and not all boxes from 910 to 919; and a single letter begins too much. Null where nothing is left to look for.
create function mapping.words_sought(words text) returns tsquery language sql immutable strict parallel safe as $$
  select string_agg(format('''%s''%s', w, case when length(w) > 1 and mapping.plain_words(words) !~ '^[0-9]+$' then ':*' else '' end),
    ' & ')::tsquery
  from unnest(array_remove(string_to_array(mapping.plain_words(words), ' '), '')) w
$$;

-- Of `mapping`, because these tables are ours everywhere. A sync that changes nothing writes no box (rule S2), so the index is
-- paid for by new boxes and new names alone.
create index box_words on mapping.box using gin (mapping.words_of(nome));

-- Indexes only where these are tables of ours (0002 says why); behind views a search by name reads all customers, and gives up
-- after a while rather than holding a connection.
do $$
begin
  if (select relkind from pg_class where oid = 'hubsoft.customer'::regclass) = 'r' then
    create index if not exists customer_words on hubsoft.customer using gin (mapping.words_of(nome_razaosocial));
    create index if not exists customer_code on hubsoft.customer (codigo_cliente);
  end if;
end $$;
